#!/bin/sh
# As found: it asks a port that is not published, and then undoes what it did.
set -eu
cd "$(dirname "$0")/.."
docker compose build
docker compose up --detach
attempts=0
until curl --fail --silent --output /dev/null http://localhost:3000/health; do
  attempts=$((attempts + 1))
  if [ $attempts -ge 30 ]; then
    docker compose down
    echo "deploy: not healthy" >&2
    exit 1
  fi
  sleep 2
done
