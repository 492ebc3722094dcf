#!/bin/sh
# Proves in a build that the browser $1 starts, runs a script and paints.
# shellcheck shell=dash
set -eu

_main() {
  dir=$(mktemp -d)
  HOME=${dir}
  export HOME
  browse() {
    timeout 60 "$1" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
      --user-data-dir="${dir}/profile" "$2" "$3" 2>>"${dir}/log"
  }
  if browse "$1" --dump-dom 'data:text/html,<p><script>document.write("sum="+6*7)</script>' >"${dir}/dom" &&
    grep -q 'sum=42' "${dir}/dom" &&
    browse "$1" --screenshot="${dir}/page.png" 'data:text/html,<h1>painted</h1>' &&
    test -s "${dir}/page.png"; then
    rm -rf "${dir}"
    return 0
  fi
  printf '\nTHE BROWSER OF THIS BUILD DOES NOT WORK: %s cannot start, run a script or paint.\n' "$1" >&2
  tail -n 20 "${dir}/log" >&2
  printf 'Nothing was changed in what is running. Try again in a day or two, with: sudo ./deploy.sh --fresh\n' >&2
  return 1
}

_main "$@"
