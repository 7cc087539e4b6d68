# Thin front door; Meson and Ninja do the work.
BUILD ?= build
PREFIX ?= /usr/local
MESON_FLAGS ?=

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/install-deps build
	@meson setup $(BUILD) --prefix $(PREFIX) $(MESON_FLAGS) >/dev/null

demo: all
	@$(BUILD)/sidepod demo

check:
	@tools/install-deps check
	@tools/check

# A prefix that is asked for also counts in a build folder that was made without it.
install: all
	@$(if $(findstring file,$(origin PREFIX)),,meson configure $(BUILD) --prefix $(PREFIX) && ninja -C $(BUILD) >/dev/null)
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild

uninstall:
	@tools/uninstall $(DESTDIR)$(PREFIX)

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

lint:
	@tools/install-deps check
	@tools/lint

asan:
	@tools/install-deps check
	@tools/build-san

fuzz:
	@tools/install-deps check
	@tools/fuzz

bench-floor: all
	@ninja -C $(BUILD) bench_floor
	@$(BUILD)/bench_floor

bench-sim: all
	@$(BUILD)/tests/sim/bench_sim

bench-pull: all
	@tools/install-deps check
	@tests/bench/pull.sh $(BUILD)/sidepod

bench-crowd: all
	@tests/bench/crowd.sh $(BUILD)/sidepod

clean:
	@rm -rf build build-*

.PHONY: all demo check install uninstall format lint asan fuzz bench-floor bench-sim bench-pull bench-crowd clean
