#!/bin/sh
# restore.sh ARCHIVE: puts back what backup.sh kept, after a question, and looks whether the stack is healthy.
set -eu
cd "$(dirname "$0")/.."
archive=$1
data=${DATA:-volumes}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf 'restore: replace all data by %s? (yes/no) ' "$archive"
read -r answer
[ "$answer" = yes ] || { echo "restore: nothing was changed"; exit 1; }

tar -xzf "$archive" -C "$work"
docker compose stop ai-orchestra
for part in database logs artifacts; do
  rm -rf "${data:?}/$part"
  cp -R "$work/$part" "$data/$part"
done
docker compose start ai-orchestra
curl --fail --silent --output /dev/null "${HEALTH_URL:-https://localhost/health}"
echo "restore: complete"
