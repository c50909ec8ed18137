# Everything is made from here: `make` alone lists the targets. See README.md.
SWIFT := $(shell command -v swift || echo /opt/swift/usr/bin/swift)
export PATH := $(dir $(SWIFT)):$(PATH)

DESTDIR ?=
VERSION ?= 0.1.0
# The installed programs find their Swift runtime here; in the build directory they find the tool-chain's.
RPATH := -Xlinker -rpath=/usr/lib/davit/swift
# lld packs the relocations of the shared objects, which the loader reads whole: 0.9 MB less resident in davitd.
LINK := -Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs
CHECKS := --explicit-target-dependency-import-check error
RELEASE := .build/release
# A run of one target that hangs is ended with a failure.
TIMED := timeout --kill-after=30 1200
# Tests that want the kernel, drivers, programs or a booted machine, by the names of their targets.
KERNEL_TESTS := LinuxTests|MonitorTests
DRIVER_TESTS := DriverHostTests
SYSTEM_TESTS := SystemTests BehaviourTests
VM_TESTS := VMTests
# Each in a process of its own: the event loop is one a process, and kernel tests change what the process is.
UNIT_TESTS := $(filter-out $(SYSTEM_TESTS) $(VM_TESTS),$(patsubst Tests/%Tests,%Tests,$(wildcard Tests/*Tests)))

.DEFAULT_GOAL := help
.PHONY: help setup quickstart build test test-unit test-kernel test-drivers test-images test-system \
    test-vm test-threads bench check fmt docs install package clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | column -t -s '|'

setup: ## install the Debian packages that building and testing need
	@packaging/setup

quickstart: setup build ## install, start the agent, run a container in a small image
	@packaging/quickstart $(RELEASE)

build: ## build the release
	$(SWIFT) build -c release $(CHECKS) $(RPATH) $(LINK)

test: setup check test-unit test-system test-vm ## build everything and run every test; needs root

test-unit: ## unit, kernel, driver and command tests
	$(SWIFT) build --build-tests $(CHECKS)
	set -e; for target in $(UNIT_TESTS); do $(TIMED) $(SWIFT) test --skip-build --filter "^$$target\\."; done

test-kernel: ## only the tests of the kernel's interfaces; needs root
	$(SWIFT) test --filter '$(KERNEL_TESTS)'

test-drivers: ## only the tests of drivers and their host; needs root
	$(SWIFT) test --filter '$(DRIVER_TESTS)'

test-images: ## build the test images, or find them in the cache
	Tests/Images/build
	Tests/Images/build --root

test-system: build test-images ## the programs with real images, and under a booted systemd; needs root
	packaging/install $(RELEASE) .build/root
	$(SWIFT) build --build-tests $(CHECKS)
	set -e; for target in $(SYSTEM_TESTS); do $(TIMED) $(SWIFT) test --skip-build --filter "^$$target\."; done

test-vm: build test-images ## limits, on a kernel of its own in an emulated machine; needs root
	packaging/install $(RELEASE) .build/root
	Tests/Images/build --machine
	$(TIMED) $(SWIFT) test --filter '^$(VM_TESTS)\.'

test-threads: ## the tests of the engine under ThreadSanitizer; needs root, and no part of test
	packaging/thread-sanitizer

bench: build ## measure; ROW=name for one row
	packaging/install $(RELEASE) .build/root
	bench/run.py --davitd $(RELEASE) --drivers .build/root/usr/lib/davit/drivers $(if $(ROW),--row $(ROW))

check: ## format, forbidden libraries, shell scripts
	$(SWIFT) format lint --strict --recursive Package.swift Sources Plugins Tests
	packaging/check

fmt: ## format the Swift sources
	$(SWIFT) format --in-place --recursive Package.swift Sources Plugins Tests

docs: ## look at the manual pages' form
	@for page in packaging/man/*; do man --warnings -l $$page >/dev/null || exit 1; done

install: ## lay the release out below DESTDIR
	@test -x $(RELEASE)/davitd || { echo 'nothing is built: run make build first' >&2; exit 1; }
	packaging/install $(RELEASE) '$(DESTDIR)'

package: build ## make a Debian package in .build
	packaging/package $(RELEASE) $(VERSION) .build

clean: ## remove what was built
	rm -rf .build
