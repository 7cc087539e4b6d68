#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `make install` puts on a machine: programs that find one another there, man pages that a
# formatter takes, completions that their shells take; and what `make uninstall` leaves.

setup_file() {
	export TREE=$BATS_TEST_DIRNAME/../.. DEST=$BATS_FILE_TMPDIR/dest
	DESTDIR=$DEST meson install -C "${SIDEPOD%/*}" --no-rebuild --quiet
	prefix=$(dirname "$(dirname "$(find "$DEST" -path '*/bin/sidepod')")")
	export prefix
}

@test "the programs find one another where they were put" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	run timeout 60 "$prefix/bin/sidepod" demo order --root "$BATS_TEST_TMPDIR/root" --progress quiet
	[ "$status" -eq 0 ]
}

@test "every command has a man page, and all are well formed" {
	"$prefix/bin/sidepod" internal commands >"$BATS_TEST_TMPDIR/commands"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/commands")" -gt 20 ]
	while read -r command; do
		[ -s "$prefix/share/man/man1/sidepod-${command// /-}.1" ]
	done <"$BATS_TEST_TMPDIR/commands"
	for page in "$prefix"/share/man/man?/*; do
		said=$(groff -Kutf8 -man -ww -Tutf8 -z "$page" 2>&1)
		[ -z "$said" ] || { echo "$page: $said" && false; }
	done
}

@test "the shells take the completions" {
	bash -n "$prefix/share/bash-completion/completions/sidepod"
	zsh -n "$prefix/share/zsh/site-functions/_sidepod"
	fish -n "$prefix/share/fish/vendor_completions.d/sidepod.fish"
	PATH="$prefix/bin:$PATH" fish -c "set fish_complete_path $prefix/share/fish/vendor_completions.d; complete -C 'sidepod explain --or'" |
		grep -q '^--order'
	# shellcheck disable=SC1091 # it is what is tested
	PATH="$prefix/bin:$PATH" bash -c ". $prefix/share/bash-completion/completions/sidepod
		COMP_WORDS=(sidepod simu) COMP_CWORD=1 COMP_LINE='sidepod simu' COMP_POINT=12
		\$(complete -p sidepod | sed -E 's/.*-F ([^ ]+).*/\1/') sidepod simu sidepod
		[ \"\${COMPREPLY[*]// /}\" = simulate ]"
}

@test "uninstall takes all of it away, and nothing else" {
	touch "$prefix/share/man/man1/other.1"
	"$TREE/tools/uninstall" "$prefix"
	[ "$(find "$DEST" -type f)" = "$prefix/share/man/man1/other.1" ]
}
