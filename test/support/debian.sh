#!/usr/bin/env bash
# A minimal Debian as a tar file, for the tests that need a machine of their own: made once, for all of them.
# Sourced. shellcheck and shfmt see it as one of the scripts of the suites.

readonly DEBIAN_SUITE=trixie
readonly TEST_CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/whatsapp-gateway-tests

# Makes the file where it is missing, and prints its path. Whoever comes second waits for the first.
# Fails, with debootstrap's last words on stderr, where no mirror can be reached.
debian_tar() (
  set -e
  tar=${TEST_CACHE}/debian-${DEBIAN_SUITE}-minbase.tar
  mkdir -p "${TEST_CACHE}"
  exec 9>"${TEST_CACHE}/debian.lock"
  flock 9
  if [[ ! -e ${tar} ]]; then
    work=$(mktemp -d "${TEST_CACHE}/debootstrap.XXXXXX")
    trap 'rm -rf --one-file-system -- "${work}"' EXIT
    trap 'exit 143' INT TERM HUP
    if ! debootstrap --variant=minbase "${DEBIAN_SUITE}" "${work}/root" http://deb.debian.org/debian >"${work}/log" 2>&1 9>&-; then
      tail -n 5 "${work}/log" >&2
      exit 1
    fi
    rm -rf "${work}/root/var/cache/apt/archives" "${work}/root/var/lib/apt/lists"
    tar -C "${work}/root" --numeric-owner -cf "${work}/tar" .
    mv "${work}/tar" "${tar}"
  fi
  printf '%s\n' "${tar}"
)
