# The Docker engine and compose, as DSM and any Linux have them.
# shellcheck shell=dash disable=SC2034

readonly CONTAINER=whatsapp-server
readonly SERVICE=whatsapp-server
readonly IMAGE=whatsapp-server:latest
readonly PREVIOUS_IMAGE=whatsapp-server:previous
readonly COMPOSE_YML=docker-compose.synology.yml

# Sets COMPOSE to plugin or standalone, and COMPOSE_VERSION. DSM has often only
# the second.
find_compose() {
  COMPOSE=plugin
  COMPOSE_VERSION=$(docker compose version --short 2>/dev/null) && [ -n "${COMPOSE_VERSION}" ] && return 0
  COMPOSE=standalone
  COMPOSE_VERSION=$(docker-compose version --short 2>/dev/null) && [ -n "${COMPOSE_VERSION}" ]
}

# compose for this project, called from the project folder.
compose() {
  if [ "${COMPOSE}" = plugin ]; then
    docker compose -p "${COMPOSE_PROJECT}" -f "${COMPOSE_YML}" "$@"
  else
    docker-compose -p "${COMPOSE_PROJECT}" -f "${COMPOSE_YML}" "$@"
  fi
}

# What a person types for the same.
compose_words() {
  if [ "${COMPOSE}" = plugin ]; then
    printf 'docker compose -p %s -f %s' "${COMPOSE_PROJECT}" "${COMPOSE_YML}"
  else
    printf 'docker-compose -p %s -f %s' "${COMPOSE_PROJECT}" "${COMPOSE_YML}"
  fi
}

# A field of the container, empty when there is no container.
container_field() { docker inspect --type container --format "$1" "${CONTAINER}" 2>/dev/null || true; }

# The id of an image, empty when it is not there.
image_id() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; }

container_running() {
  case $(container_field '{{.State.Status}}') in
    running) return 0 ;;
    *) return 1 ;;
  esac
}

# Running, or about to be again: a version that ends as soon as it starts is between two tries.
container_active() {
  case $(container_field '{{.State.Status}}') in
    running | restarting | paused) return 0 ;;
    *) return 1 ;;
  esac
}

# Whether version $1 is $2 or newer: numbers between dots, whatever follows them.
version_at_least() {
  awk -v have="${1#v}" -v want="$2" 'BEGIN {
    n = split(want, w, "."); split(have, h, ".")
    for (i = 1; i <= n; i++) {
      if (h[i] + 0 > w[i] + 0) exit 0
      if (h[i] + 0 < w[i] + 0) exit 1
    }
    exit 0
  }'
}

is_synology() { [ -e /etc.defaults/VERSION ] || have synopkg; }

# The package that holds Docker: Container Manager since DSM 7.2, Docker before.
synology_package() {
  if synopkg version ContainerManager >/dev/null 2>&1; then
    printf 'ContainerManager'
  elif synopkg version Docker >/dev/null 2>&1; then
    printf 'Docker'
  else
    return 1
  fi
}

synology_package_running() {
  synopkg status "$1" 2>/dev/null | grep -iE '"status" *: *"running"|is started|is running|status: \[0\]' >/dev/null
}
