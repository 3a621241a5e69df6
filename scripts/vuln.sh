#!/usr/bin/env bash
# Looks for known vulnerabilities in what the programs link, with govulncheck:
#   scripts/vuln.sh
# Where its database cannot be reached it says so and why, and that nothing was
# looked at. GOVULNDB names another database, as govulncheck's -db does.
# Exit status: 0 none is known, or skipped; 1 there is one; 2 it could not work.
set -euo pipefail
cd "$(dirname "$0")/.."
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GOBIN="$work" go install "$govulncheck" > "$work/log" 2>&1 || { cat "$work/log" >&2; echo "SKIPPED: $govulncheck could not be installed"; exit 0; }
status=0
timeout 300 "$work/govulncheck" ${GOVULNDB:+-db "$GOVULNDB"} ./cmd/... > "$work/out" 2> "$work/err" || status=$?
cat "$work/out"
case $status in
0) exit 0 ;;
3) exit 1 ;;
esac
# Nothing was found and nothing ruled out: the reason decides.
reason=$(grep -m1 -iE 'fetching vulnerabilities|dial tcp|no such host|proxyconnect|connection refused|i/o timeout|TLS handshake|HTTP GET' "$work/err" || true)
if [ "$status" -eq 124 ]; then reason="no answer within 5 minutes"; fi
if [ -n "$reason" ]; then
  echo "SKIPPED: the vulnerability database cannot be reached, nothing was looked at: $reason"
  exit 0
fi
cat "$work/err" >&2
exit 2
