#!/bin/sh
# deploy.sh: another backend beside the running one; the old one goes when the new one is healthy, not before.
set -eu
cd "$(dirname "$0")/.."
old=$(docker compose ps --quiet ai-orchestra)

docker compose build ai-orchestra
docker compose up --detach --no-deps --no-recreate --scale ai-orchestra=2 ai-orchestra
for _ in 1 2 3 4 5 6 7 8 9 10; do
  if curl --fail --silent --output /dev/null "${HEALTH_URL:-https://localhost/health}"; then
    docker stop "$old"
    echo "deploy: done"
    exit 0
  fi
  sleep 2
done
echo "deploy: the new backend does not become healthy; the old one goes on" >&2
exit 1
