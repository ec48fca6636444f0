#!/bin/sh
# One release across three vendors: GitHub builds it, GitLab tests it, Yunxiao Flow deploys it.
# Needs GH_TOKEN, GITLAB_TOKEN and YUNXIAO_ACCESS_TOKEN. Usage: chain.sh COMMIT
# Run again after it was interrupted, it starts nothing twice: the keys join the runs that were started before.
set -eu

commit=$1

pipelatch wait github:OWNER/REPO/ci.yml --commit "$commit" --timeout 30m
pipelatch trigger gitlab:GROUP/PROJECT@main --input COMMIT="$commit" --key "release-$commit" --timeout 1h
pipelatch trigger yunxiao:ORG/PIPELINE@main --input COMMIT="$commit" --key "release-$commit" --timeout 1h \
  --on-approval wait --cancel-on interrupt
