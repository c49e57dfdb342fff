#!/bin/sh
# Builds the blog and looks at every page of it. Needs nothing but Python 3.11.
# The report for machines is test-results/junit.xml.
set -eu
cd "$(dirname "$0")"
exec python3 -B tests/run.py "$@"
