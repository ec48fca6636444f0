#!/bin/sh
# A check before a deploy by hand or from cron: looks once, waits for nothing, and deploys only what has succeeded.
# Usage: predeploy.sh TARGET COMMAND..., as in predeploy.sh yunxiao:ORG/PIPELINE#33 ./deploy.sh
set -u

target=$1
shift

pipelatch check "$target" --output quiet
code=$?
case $code in
  0) exec "$@" ;;
  5) echo "A person must act before the run goes on." >&2 ;;
  6) echo "The run has not ended yet; try again later." >&2 ;;
  66) echo "There is no such run." >&2 ;;
  *) echo "Not deployed: pipelatch exited with $code." >&2 ;;
esac
exit "$code"
