#!/bin/sh
# backup.sh: all data of the stack in one archive, backups/TIME.tar.gz, with backups/latest.tar.gz pointing at it.
#
# DATA (default: volumes) holds database/, logs/ and artifacts/. BACKUP_KEEP_DAYS, AWS_BUCKET as usual.
set -eu
cd "$(dirname "$0")/.."
data=${DATA:-volumes}
name=$(date +%Y%m%d-%H%M%S)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ -s "$data/database/memory.sqlite" ] || { echo "backup: $data/database/memory.sqlite is not there" >&2; exit 1; }
cp -R "$data/database" "$data/logs" "$data/artifacts" config .env "$work"
pg_dump --host "${POSTGRES_HOST:-postgres}" --username "${POSTGRES_USER:-orchestra}" ai_orchestra >"$work/postgres.sql"

mkdir -p backups
tar -czf "backups/$name.tar.gz" -C "$work" .
ln -sfn "$name.tar.gz" backups/latest.tar.gz
find backups -name '*.tar.gz' -type f -mtime "+${BACKUP_KEEP_DAYS:-30}" -delete
[ -z "${AWS_BUCKET:-}" ] || aws s3 cp "backups/$name.tar.gz" "s3://$AWS_BUCKET/"
echo "backup: backups/$name.tar.gz"
