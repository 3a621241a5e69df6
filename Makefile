# Targets for people; `make help` lists them.
GO ?= go
LDFLAGS := -s -w

.PHONY: all build test lint clean help
all: build

build: ## build bin/mlcfg and bin/mlrun, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

test: ## every test
	$(GO) test ./...

lint: ## gofmt, go vet, staticcheck
	@out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@2026.1 ./...

clean: ## remove what was built
	rm -rf bin

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
