# The plain commands of the project. "make demo" and "make test" are all that a
# newcomer needs; both work from a fresh clone.

# What is installed or built once is kept here, outside of the clone.
export LAB_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/recgate

TOOLS    = $(LAB_CACHE)/tools
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME ?= 20s
CHAOSTIME ?= 20m

# Each wait of a test has a deadline of its own that says what it waited for;
# the timeout of a room is only for a machine that is far too busy.
# LOUD are the rooms of fulltest that load the machine.
LOUD  = chaos flood galera operations redteam
FULL  = fulltest/run go test -race -timeout 20m -tags full
space = $(subst x,,x x)

.PHONY: demo test build deb lint fuzz chaos replace bench generate tools-installed test-installed

# demo: the whole product on built-in defaults, with a simulated Asterisk.
demo:
	@mkdir -p bin && go build -o bin/recgate ./cmd/recgate
	@exec bin/recgate demo

# test: everything. What the tests need is installed first; nothing is skipped.
# The tag full only adds tests, so one run has those of the plain "go test ./..."
# too; that this compiles without the tag is seen by the vet of the linters.
# All is compiled before the first telephone rings, and the rooms that put as
# much load on the machine as they can come last, one after the other: sound
# that is sent in real time would have holes otherwise.
test: test-installed lint
	CGO_ENABLED=1 go build -race -tags full ./...
	@failed=0; set -x; \
	CGO_ENABLED=1 $(FULL) $$(go list -tags full ./... | grep -v -x -E '.*/fulltest/($(subst $(space),|,$(LOUD)))') || failed=1; \
	CGO_ENABLED=1 $(FULL) -p 1 $(LOUD:%=./fulltest/%) || failed=1; \
	exit $$failed

# build: the one static binary.
build:
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/recgate ./cmd/recgate

# deb: the Debian package, bin/recgate_VERSION_ARCH.deb.
deb:
	@fulltest/install packager
	@packaging/deb $(or $(DEB_VERSION),auto) bin

# lint: fails on any finding. Whether generated code is up to date is checked
# by the tests of the package that it is generated from.
lint: tools-installed
	@fulltest/lint $(TOOLS)

# fuzz: every fuzz target of the project for FUZZTIME each.
fuzz:
	@fulltest/fuzz $(FUZZTIME)

# chaos: for CHAOSTIME calls are recorded while everything is broken, half of it
# on each database, and the ledgers are printed. CHAOS_SEED draws a plan again.
# It needs root, who may mount small disks. make test has a short run of it.
chaos: test-installed
	CGO_ENABLED=1 CHAOS_TIME=$(CHAOSTIME) fulltest/run go test -tags full -count=1 -v -timeout 0 -run '^TestChaos$$' ./fulltest/chaos

# replace: two gateways of a former version, FORMER=/path/of/its/recgate, are
# replaced by this one on a Galera cluster, one after the other, while calls are
# recorded. It is not part of make test, which has no former version.
replace: test-installed
	CGO_ENABLED=1 FORMER=$(FORMER) fulltest/run go test -race -tags full,former -count=1 -v -timeout 20m -run '^TestReplace$$' ./fulltest/galera

# bench: every benchmark, as a table; docs/performance.md says how to read it.
bench: test-installed
	@bench/run

generate:
	go generate ./...

tools-installed:
	@fulltest/install linters

test-installed:
	@fulltest/install
