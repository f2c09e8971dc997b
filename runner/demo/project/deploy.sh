echo "deploying $SITE_NAME in $PWD"
test -n "$SECRET_KEY_BASE" || { echo 'SECRET_KEY_BASE is missing' >&2; exit 1; }
grep -q '^SECRET_KEY_BASE=' .env || { echo 'the uploaded .env has no SECRET_KEY_BASE' >&2; exit 1; }
echo "this script sees the secret, the log does not: SECRET_KEY_BASE=$SECRET_KEY_BASE"
ls -A
