#!/usr/bin/env bash
# Asks a running stack for its health, and says so.
set -euo pipefail
curl -fsS "http://127.0.0.1:${LUCIA_PORT:-5000}/health"
