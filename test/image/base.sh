#!/usr/bin/env bash
# Makes stand-ins for the two official base images out of Debian's own packages,
# so that the real Dockerfile builds where no image registry is reachable:
# Debian by debootstrap (with what the slim variant leaves out left out), Node
# from the npm package that the project already pins. Sourced by run.sh.
# shellcheck disable=SC2154 # PODMAN and BUILDAH come from run.sh

# shellcheck source=test/support/debian.sh
. test/support/debian.sh

readonly DEBIAN_BASE=docker.io/library/debian:trixie-slim
readonly NODE_BASE=docker.io/library/node:24-trixie-slim

# Unpacks and trims a minimal Debian into $1, once; later runs find it there.
base_root() {
  local root=$1 tar
  [[ -e ${root}/.complete ]] && return 0
  rm -rf "${root}"
  mkdir -p "${root}"
  tar=$(debian_tar) || return 1
  tar -C "${root}" --numeric-owner -xf "${tar}" || return 1
  printf '%s\n' \
    'deb http://deb.debian.org/debian trixie main' \
    'deb http://deb.debian.org/debian trixie-updates main' \
    'deb http://deb.debian.org/debian-security trixie-security main' >"${root}/etc/apt/sources.list"
  printf 'path-exclude=/usr/share/%s/*\n' doc info man locale >"${root}/etc/dpkg/dpkg.cfg.d/docker"
  printf 'path-include=/usr/share/doc/*/copyright\n' >>"${root}/etc/dpkg/dpkg.cfg.d/docker"
  find "${root}/usr/share/doc" -type f ! -name copyright -delete
  find "${root}/usr/share/doc" -type d -empty -delete
  rm -rf "${root}"/usr/share/{info,man,locale}/* "${root}"/var/lib/apt/lists/* "${root}"/var/cache/apt/* \
    "${root}"/var/cache/debconf/*-old "${root}"/var/log/* "${root}/etc/resolv.conf" "${root}/etc/hostname"
  # Where a network inspects TLS, the build needs the authority this machine trusts.
  mkdir -p "${root}/etc/ssl/certs"
  cp -L /etc/ssl/certs/ca-certificates.crt "${root}/etc/ssl/certs/ca-certificates.crt"
  touch "${root}/.complete"
}

# Imports the two base images into the store, when they are not in it yet.
# $1 work folder, $2 folder of the npm package that holds the Node binary
base_images() {
  local work=$1 node_package=$2 node_layer=$1/node-layer
  if ! "${PODMAN[@]}" image exists "${DEBIAN_BASE}"; then
    base_root "${work}/debian" || return 1
    tar -C "${work}/debian" --exclude=./.complete --numeric-owner -cf - . |
      "${PODMAN[@]}" import --quiet --change 'CMD ["bash"]' - "${DEBIAN_BASE}" >/dev/null || return 1
  fi
  "${PODMAN[@]}" image exists "${NODE_BASE}" && return 0
  rm -rf "${node_layer}"
  mkdir -p "${node_layer}/usr/local/bin" "${node_layer}/usr/local/etc"
  cp -L "${node_package}/bin/node" "${node_layer}/usr/local/bin/node"
  npm install --global --prefix "${node_layer}/usr/local" --no-audit --no-fund npm@11 >/dev/null 2>&1 || return 1
  printf 'cafile=/etc/ssl/certs/ca-certificates.crt\n' >"${node_layer}/usr/local/etc/npmrc"
  printf 'FROM %s\nCOPY usr/ /usr/\nRUN node --version && npm --version\n' "${DEBIAN_BASE}" >"${node_layer}/Dockerfile"
  "${BUILDAH[@]}" bud --isolation chroot --pull-never --format docker --quiet \
    --tag "${NODE_BASE}" "${node_layer}" >/dev/null
}
