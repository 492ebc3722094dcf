# Looks at everything that has to be right before anything is changed, and says
# it a line each, so that one run names all that is wrong.
# shellcheck shell=dash

# Unpacked image, build stage and downloads of a first build; then what an
# upgrade adds; then what the browser's profile grows to.
readonly DISK_FIRST_MB=2500 DISK_AGAIN_MB=1500 DISK_PROFILE_MB=500
readonly MEMORY_TOTAL_MB=900 MEMORY_FREE_MB=450

# A check that failed: the verdict, then what to do.
bad() {
  fail "$1"
  shift
  local line
  for line in "$@"; do more "${line}"; done
  FAILED=$((FAILED + 1))
}

preflight() {
  heading 'Before anything is changed'
  FAILED=0
  check_root
  check_kernel
  check_architecture
  if check_engine; then
    check_compose
    check_container
    check_disk
    check_port
  fi
  check_memory
  check_settings
  [ "${FAILED}" -eq 0 ]
}

check_root() {
  if [ "$(id -u)" -eq 0 ]; then
    ok "root, for ${RUN_UID}:${RUN_GID} (${PERSON})"
  else
    bad 'not root: Docker and the folders need it' "Run: sudo ${INVOKED}"
  fi
}

check_kernel() {
  local kernel
  kernel=$(uname -r)
  if version_at_least "${kernel}" 4.4; then
    ok "kernel ${kernel}"
  else
    bad "kernel ${kernel} is older than 4.4: the browser cannot run on it" \
      'This model cannot run the gateway. Another computer of the house can: see docs/docker.md'
  fi
}

check_architecture() {
  local machine
  machine=$(uname -m)
  case ${machine} in
    x86_64 | amd64 | aarch64 | arm64) ok "architecture ${machine}" ;;
    *)
      bad "architecture ${machine}: there is no current browser and no Node for it, only for x86_64 and aarch64" \
        'This model cannot run the gateway. Another computer of the house can: see docs/docker.md'
      ;;
  esac
}

check_engine() {
  local package answer
  if is_synology; then
    if ! package=$(synology_package); then
      bad 'Container Manager is not installed' 'DSM: Package Center, search Container Manager, Install. Then run this again.'
      return 1
    fi
    if ! synology_package_running "${package}"; then
      bad "${package} is not running" "Start it: Package Center, ${package}, Run; or: sudo synopkg start ${package}"
      return 1
    fi
    ok "${package} is running"
  fi
  if ! have docker; then
    bad 'docker was not found' 'Install it: https://docs.docker.com/engine/install/' "Looked in: ${PATH}"
    return 1
  fi
  if ! answer=$(docker version --format '{{.Server.Version}}' 2>&1); then
    bad 'docker is here, but its engine does not answer:' "$(printf '%s' "${answer}" | tail -n 1)"
    if is_synology; then
      more "Restart it: sudo synopkg restart ${package}"
    elif [ "$(id -u)" -ne 0 ]; then
      more "Only root may ask it: sudo ${INVOKED}"
    else
      more 'Start it: sudo systemctl start docker'
    fi
    return 1
  fi
  answer=$(printf '%s\n' "${answer}" | tail -n 1)
  if ! version_at_least "${answer}" 18.9; then
    bad "Docker engine ${answer} is older than 18.09" 'Update Container Manager in the Package Center.'
    return 1
  fi
  ok "Docker engine ${answer}"
}

check_compose() {
  if ! find_compose; then
    bad 'neither docker compose nor docker-compose was found' \
      'DSM: update Container Manager. Linux: https://docs.docker.com/compose/install/'
  elif version_at_least "${COMPOSE_VERSION}" 1.28; then
    ok "compose ${COMPOSE_VERSION#v} ($(compose_words | sed 's/ -p.*//'))"
  else
    bad "compose ${COMPOSE_VERSION} is older than 1.28" 'Update Container Manager in the Package Center, or install a newer compose.'
  fi
}

# A container of this name from elsewhere would be in the way of ours.
check_container() {
  local status project folder
  status=$(container_field '{{.State.Status}}')
  if [ -z "${status}" ]; then
    ok 'no container yet'
    return 0
  fi
  project=$(container_field '{{index .Config.Labels "com.docker.compose.project"}}')
  folder=$(container_field '{{index .Config.Labels "com.docker.compose.project.working_dir"}}')
  if [ -z "${project}" ]; then
    bad "a container named ${CONTAINER} exists that compose did not make" \
      "Remove it (folders of the host stay): sudo docker rm -f ${CONTAINER}"
  elif [ -n "${folder}" ] && [ "$(readlink -f "${folder}")" != "${PROJECT}" ]; then
    bad "the container ${CONTAINER} belongs to another folder: ${folder}" \
      "Deploy there, or remove it (its folders stay): sudo docker rm -f ${CONTAINER}"
  else
    COMPOSE_PROJECT=${project}
    ok "the container exists (${status})"
  fi
}

# Free megabytes where $1 is.
free_mb() { df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }'; }

check_disk() {
  local root need free
  root=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null) || root=''
  [ -d "${root}" ] || root=${PROJECT}
  need=${DISK_FIRST_MB}
  [ -z "$(image_id "${IMAGE}")" ] || need=${DISK_AGAIN_MB}
  [ "${BUILD}" = yes ] || need=0
  free=$(free_mb "${root}")
  if [ "${free:-0}" -lt "${need}" ]; then
    bad "${free:-0} MB free for images at ${root}, and the build needs ${need}" \
      'Free some: sudo docker image prune (asks first), or make room on the volume.'
    return 0
  fi
  ok "${free:-0} MB free for images"
  free=$(free_mb "${PROJECT}")
  if [ "${free:-0}" -lt "${DISK_PROFILE_MB}" ]; then
    bad "${free:-0} MB free at ${PROJECT}, and the browser's profile needs ${DISK_PROFILE_MB}" 'Make room on the volume.'
  fi
}

check_memory() {
  local total free
  total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' "${PROC}/meminfo")
  free=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' "${PROC}/meminfo")
  if [ "${total:-0}" -lt "${MEMORY_TOTAL_MB}" ]; then
    bad "${total:-0} MB of memory in all, and the gateway with its browser needs 400 for itself" \
      'Add memory, or run the gateway on another computer: see docs/docker.md'
  elif [ "${free:-0}" -lt "${MEMORY_FREE_MB}" ]; then
    warn "${free:-0} MB of ${total} MB memory free now: it may be slow, or be killed. Stop what you do not need."
  else
    ok "${free:-0} MB of ${total} MB memory free"
  fi
}

# Whether something on this machine listens on port $1.
port_in_use() {
  awk -v port="$(printf ':%04X$' "$1")" '$4 == "0A" && $2 ~ port { found = 1 } END { exit !found }' \
    "${PROC}/net/tcp" "${PROC}/net/tcp6" 2>/dev/null
}

# Whether our own container is what listens there: by a published port, or on
# the network of this machine.
gateway_has_port() {
  container_running || return 1
  if [ "$(container_field '{{.HostConfig.NetworkMode}}')" = host ]; then return 0; fi
  docker port "${CONTAINER}" 3000/tcp 2>/dev/null | grep ":${PORT}\$" >/dev/null
}

check_port() {
  local valid=yes
  PORT=$(env_value .env PORT)
  PORT=${PORT:-3000}
  case ${PORT} in
    *[!0-9]* | ??????*) valid=no ;;
    *) [ "${PORT}" -ge 1 ] && [ "${PORT}" -le 65535 ] || valid=no ;;
  esac
  if [ "${valid}" = no ]; then
    bad "PORT=${PORT} in .env is no port number" 'Use a number from 1 to 65535.'
    PORT=3000
    return 0
  fi
  if gateway_has_port; then
    ok "port ${PORT} is this gateway's already"
  elif port_in_use "${PORT}"; then
    local who
    who=$(docker ps --filter "publish=${PORT}" --format '{{.Names}}' 2>/dev/null | tr '\n' ' ')
    bad "port ${PORT} is taken${who:+ by the container ${who% }}" \
      "Choose another in ${PROJECT}/.env, for example: PORT=$((PORT + 1))" \
      "Who has it: sudo netstat -ltnp | grep ':${PORT} '"
  else
    ok "port ${PORT} is free"
  fi
}

# The variables of file $1 with a $ in a value that is not in single quotes. Comments are no values.
names_with_dollar() {
  sed -n -e '/^[^=]*=[[:space:]]*["'"'"']/!s/[[:space:]]#.*$//' -e 's/^\([^=]*=[[:space:]]*"[^"\\]*\(\\.[^"\\]*\)*"\).*$/\1/' \
    -e "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}\([A-Za-z_][A-Za-z0-9_]*\)[[:space:]]*=[[:space:]]*\([^'[:space:]].*\)\{0,1\}[\$].*/\2/p" "$1"
}

check_settings() {
  if [ ! -e .env ]; then
    ok '.env will be made, with a random API_KEY'
    return 0
  fi
  if [ ! -f .env ]; then
    bad '.env is no file' "Look at it: ls -ld $(quoted "${PROJECT}/.env"); move it away, and a new one is made."
    return 0
  fi
  if [ ! -r .env ]; then
    bad '.env cannot be read' "Run: sudo ${INVOKED}"
    return 0
  fi
  if grep "$(printf '\r')" .env >/dev/null; then
    bad '.env has Windows line ends: every value would end in an invisible character' \
      "Run: sed -i 's/\\r\$//' $(quoted "${PROJECT}/.env")"
    return 0
  fi
  if ! is_ordinary_id "${RUN_UID}" || ! is_ordinary_id "${RUN_GID}"; then
    bad "PUID=${RUN_UID} and PGID=${RUN_GID} in .env must be two numbers that are not root's" \
      "See yours with: id${SUDO_USER:+ ${SUDO_USER}}"
    return 0
  fi
  if [ -z "$(env_value .env API_KEY)" ]; then
    warn '.env has no API_KEY: everybody who reaches the port can read and send messages'
    more "Add one: echo \"API_KEY=\$(openssl rand -hex 24)\" | sudo tee -a $(quoted "${PROJECT}/.env") >/dev/null"
  fi
  local names answer
  names=$(names_with_dollar .env | tr '\n' ' ')
  if [ -n "${names}" ]; then
    bad ".env: compose would replace what follows the \$ in the value of ${names% }" \
      "Put the value into single quotes, for example: ${names%% *}='…'"
    return 0
  fi
  if [ "${FAILED}" -eq 0 ] && ! answer=$(compose config -q 2>&1); then
    bad '.env is not valid, says compose:'
    printf '%s\n' "${answer}" | tail -n 4 | sed 's/^/           | /'
    more "Change it: ${PROJECT}/.env, then run this again."
    return 0
  fi
  # It runs in a container with the folders, which are made only later, and in a
  # network, which a dry run must not make.
  if [ "${FAILED}" -eq 0 ] && [ -n "$(image_id "${IMAGE}")" ] && [ -d .wwebjs_auth ] && [ -d data ] &&
    { [ "${DRY_RUN}" = no ] || [ -n "$(container_field '{{.Id}}')" ]; }; then
    check_settings_by_program
  else
    ok '.env is there; the program itself checks it after the build'
  fi
}

# The program of the image reads the settings as it will get them, and names
# every one that is wrong. It starts nothing.
check_settings_by_program() {
  local answer code=0
  answer=$(compose run --rm --no-deps -T --entrypoint node "${SERVICE}" src/main.ts --check-config 2>&1) || code=$?
  SETTINGS_CHECKED=$(image_id "${IMAGE}")
  # Not what compose says of its own work.
  answer=$(printf '%s\n' "${answer}" | grep -vE '^ *((Container|Network) .* )?(Creating|Created|Starting|Started)|^[[:space:]]*$' |
    tail -n 12 | sed 's/^/           | /')
  case ${code} in
    0) ok '.env is valid, says the program' ;;
    78)
      bad '.env is not valid, says the program:'
      printf '%s\n' "${answer}"
      more "Change it: ${PROJECT}/.env, then run this again."
      ;;
    *)
      warn 'the program could not be asked whether .env is valid:'
      printf '%s\n' "${answer}"
      ;;
  esac
}
