#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A pure library calls nothing but itself, the pure ones it stands on and a few words of libc.
# usage: check-pure.sh LIBRARY BELOW...
set -eu

library=$1
own=$(nm --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort -u)
allowed='memcpy memset memcmp bcmp memmove memchr strlen strcmp strncmp strchr strrchr
__memcpy_chk __memset_chk __memmove_chk __assert_fail __stack_chk_fail
__popcountdi2 __divti3 __udivti3 __modti3 __umodti3 _GLOBAL_OFFSET_TABLE_'
bad=$(nm -u "$library" | awk '$1 == "U" { print $2 }' | sort -u |
	grep -vxF -e "$own" | grep -vxF -e "$(printf '%s\n' $allowed)" |
	grep -v -e '^__asan_' -e '^__ubsan_' -e '^__sanitizer_' -e '^__sancov_' || true)
if [ -n "$bad" ]; then
	echo "$(basename "$library") is not pure, it wants:" $bad >&2
	exit 1
fi
