#!/bin/sh
# As found: the archive's name says which folder is looked for in it.
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
folder=$work/$(basename "$archive" .tar.gz)
for part in database logs artifacts; do
  [ ! -d "$folder/$part" ] || cp -R "$folder/$part" "$data/"
done
docker compose start ai-orchestra
curl --fail --silent --output /dev/null http://localhost:3000/health || echo "restore: not healthy yet"
echo "restore: complete"
