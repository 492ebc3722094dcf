#!/usr/bin/env bash
# What the image has to do, a function each. Sourced by run.sh.
# shellcheck disable=SC2154 # variables of run.sh

# check NAME FUNCTION: one test. The function's output is shown when it fails.
check() {
  local output code
  # Not as a condition: there `set -e` would not hold, and a failed line would be passed over.
  output=$(
    set -e
    "$2" 2>&1
  )
  code=$?
  if [[ ${code} -eq 0 ]]; then
    printf 'ok      %s\n' "$1"
    passed=$((passed + 1))
  else
    printf 'FAILED  %s\n%s\n' "$1" "${output}" | sed '2,$s/^/        /'
    failed=$((failed + 1))
  fi
}

# ---- a container and its folders

# Fresh folders of the host: $ROOM/auth and $ROOM/data.
fresh() {
  rm -rf "${ROOM:?}"/*
  mkdir "${ROOM}/auth" "${ROOM}/data"
}

# start NAME [PODMAN OPTIONS...] [-- COMMAND...]: as docker-compose.synology.yml does
# it, but on the network of this machine, where the simulator is.
start() {
  local name=$1 options=() command=()
  shift
  while [[ $# -gt 0 && $1 != -- ]]; do
    options+=("$1")
    shift
  done
  [[ $# -eq 0 ]] || command=("${@:2}")
  "${PODMAN[@]}" run --detach --name "${name}" --pull=never --no-healthcheck --network=host \
    --ulimit nofile=1024:1024 --ulimit nproc=4000:4000 --read-only-tmpfs=false \
    --init --memory 1g --tmpfs /tmp:mode=1777,size=256m --security-opt no-new-privileges --cap-drop ALL \
    --env "PORT=${PORT}" --env CHROMIUM_ARGS "${options[@]}" "${IMAGE}" "${command[@]}"
}

# With WITHOUT set, this one capability is not given.
as_compose() {
  local name=$1 capability options=()
  shift
  for capability in "${CAPABILITIES[@]}"; do
    [[ ${capability} == "${WITHOUT:-}" ]] || options+=(--cap-add "${capability}")
  done
  start "${name}" --read-only "${options[@]}" --env PUID=1026 --env PGID=100 \
    --volume "${ROOM}/auth:/app/.wwebjs_auth" --volume "${ROOM}/data:/app/data" "$@"
}

end() { "${PODMAN[@]}" rm --force --time 30 "$1" >/dev/null; }

logs() { "${PODMAN[@]}" logs "$1" 2>&1; }

# The status as the gateway's own helper sees it, into BODY. The network is this machine's, so it is asked from here:
# to go into the container costs ten times as much, and it is asked hundreds of times.
status() { BODY=$(HOST='' PORT=${PORT} API_KEY=${KEY} node docker/ask.cjs status 2>&1); }

value() { sed -n "s/^$1=//p" <<<"${BODY}"; }

# reach NAME FIELD VALUE: waits until the status says so
reach() {
  local deadline=$((SECONDS + 90))
  until status && [[ $(value "$2") == "$3" ]]; do
    if ((SECONDS > deadline)); then
      printf 'no %s=%s within 90 s; last answer:\n%s\nlog:\n' "$2" "$3" "${BODY}"
      logs "$1" | tail -n 15 | cut -c 1-400
      return 1
    fi
    sleep 0.3
  done
}

# ended NAME: waits until the container has ended; prints the exit code
ended() { timeout 60 "${PODMAN[@]}" wait "$1"; }

control() {
  node -e 'const [url, body] = process.argv.slice(1);
    fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body })
      .then(async (r) => { if (!r.ok) throw new Error(await r.text()); })
      .catch((e) => { console.error(e); process.exit(1); });' "${CONTROL}/control/$1" "${2:-[]}"
}

expect() {
  if [[ $1 != *"$2"* ]]; then
    printf 'expected: %s\nin: %s\n' "$2" "$1"
    return 1
  fi
}

refuse() {
  if [[ $1 == *"$2"* ]]; then
    printf 'not expected: %s\nin: %s\n' "$2" "$1"
    return 1
  fi
}

equal() {
  if [[ $1 != "$2" ]]; then
    printf 'expected: %s\ngot: %s\n' "$2" "$1"
    return 1
  fi
}

# The processes of a container, as seen from here.
processes() {
  local namespace pid
  namespace=$(readlink "/proc/$("${PODMAN[@]}" inspect --format '{{.State.Pid}}' "$1")/ns/mnt")
  for pid in /proc/[0-9]*; do
    [[ $(readlink "${pid}/ns/mnt" 2>/dev/null) != "${namespace}" ]] || printf '%s\n' "${pid#/proc/}"
  done
}

# ---- scenarios

small_enough() {
  local bytes
  bytes=$("${PODMAN[@]}" image inspect --format '{{.Size}}' "${IMAGE}")
  printf '        image: %d MB unpacked (goal: 700)\n' "$((bytes / 1000000))" >&3
  ((bytes <= 700000000))
}

nothing_private_inside() {
  local files
  files=$("${PODMAN[@]}" run --rm --pull=never --network=none --ulimit nofile=1024:1024 --ulimit nproc=4000:4000 \
    --entrypoint find "${IMAGE}" /app -maxdepth 2 -not -path '/app/node_modules/*' -not -path '/app/.compile-cache/*')
  refuse "${files}" .env
  refuse "${files}" .wwebjs_auth
  refuse "${files}" /app/test
  refuse "${files}" /app/backups
  refuse "${files}" node_modules/vitest
}

image_describes_itself() {
  local text
  text=$("${PODMAN[@]}" image inspect "${IMAGE}")
  expect "${text}" 'org.opencontainers.image.title'
  expect "${text}" 'healthcheck.cjs'
  expect "${text}" '"Interval": 60000000000'
  expect "${text}" '3000/tcp'
}

reaches_qr() {
  fresh
  as_compose first
  reach first state qr
  equal "$(value health)" 200
  equal "$(value status)" 200
  "${PODMAN[@]}" exec first node /app/docker/healthcheck.cjs
  expect "$("${PODMAN[@]}" exec first node /app/docker/ask.cjs qr)" '█'
  expect "$(logs first)" '[WA] event=qr'
  refuse "$(logs first)" EACCES
  refuse "$(logs first)" 'Cannot read properties of null'
}

is_locked_down() {
  local pid name
  for pid in $(processes first); do
    name=$(tr '\0' ' ' <"/proc/${pid}/cmdline" | cut -c 1-60)
    [[ ${name} != */podman-init* ]] || continue
    equal "${name}: $(awk '/^Uid:/ { print $2, $3, $4 }' "/proc/${pid}/status")" "${name}: 1026 1026 1026"
    equal "${name}: $(awk '/^Gid:/ { print $2, $3, $4 }' "/proc/${pid}/status")" "${name}: 100 100 100"
    equal "${name}: $(awk '/^CapEff:/ { print $2 }' "/proc/${pid}/status")" "${name}: 0000000000000000"
    equal "${name}: $(awk '/^NoNewPrivs:/ { print $2 }' "/proc/${pid}/status")" "${name}: 1"
  done
  if "${PODMAN[@]}" exec first touch /app/x 2>/dev/null; then
    echo 'the root file system is writable'
    return 1
  fi
  equal "$(find "${ROOM}/auth" "${ROOM}/data" ! \( -user 1026 -group 100 \) -print)" ''
  equal "$(find "${ROOM}/auth/session-whatsapp-client" -perm /077 ! -type l -print)" ''
}

memory_at_qr() {
  local pid kilobytes sum count attempt
  # init, node, browser, its two zygotes, GPU, network and page: all of them, or it is no figure.
  for attempt in $(seq 50); do
    sum=0 count=0
    for pid in $(processes first); do
      kilobytes=$(awk '/^Pss:/ { print $2 }' "/proc/${pid}/smaps_rollup" 2>/dev/null) || continue
      [[ -n ${kilobytes} ]] || continue
      sum=$((sum + kilobytes)) count=$((count + 1))
    done
    ((count < 8)) || break
    printf 'attempt %d: %d processes\n' "${attempt}" "${count}"
    sleep 0.2
  done
  printf '        container at QR: %d MB PSS in %d processes (goal: 350)\n' "$((sum / 1024))" "${count}" >&3
  ((count >= 8 && sum <= 350 * 1024))
}

is_scanned() {
  control scan
  reach first state ready
  expect "$(value account)" 15550001111
}

stops_cleanly() {
  local began=${SECONDS}
  "${PODMAN[@]}" stop --time 45 first >/dev/null
  equal "$("${PODMAN[@]}" inspect --format '{{.State.ExitCode}}' first)" 0
  ((SECONDS - began <= 20))
  equal "$(find "${ROOM}/auth" -name 'Singleton*')" ''
  end first
}

ready_again_without_qr() {
  as_compose second --hostname another-host
  reach second state ready
  refuse "$(logs second)" '[WA] event=qr'
}

second_container_refused() {
  local port=${PORT}
  PORT=$(free_port)
  as_compose third
  reach third reason profile_in_use
  PORT=${port}
  reach second state ready
  end third
}

ready_after_kill() {
  "${PODMAN[@]}" kill --signal KILL second >/dev/null
  ended second >/dev/null
  end second
  as_compose fourth --hostname a-third-host
  reach fourth state ready
  refuse "$(logs fourth)" '[WA] event=qr'
  end fourth
}

wrong_owner_mended() {
  fresh
  mkdir -m 700 "${ROOM}/auth/session-whatsapp-client"
  as_compose mended
  reach mended state qr
  equal "$(stat -c %u "${ROOM}/auth/session-whatsapp-client")" 1026
  end mended
}

mode_000_mended() {
  fresh
  chmod 000 "${ROOM}/auth"
  as_compose mended
  reach mended state qr
  end mended
}

as_user() {
  local name=$1
  shift
  start "${name}" --read-only --user 1026:100 --volume "${ROOM}/auth:/app/.wwebjs_auth" --volume "${ROOM}/data:/app/data" "$@"
}

runs_as_user() {
  fresh
  chown 1026:100 "${ROOM}/auth" "${ROOM}/data"
  as_user plain
  reach plain state qr
  end plain
}

wrong_owner_as_user_heals() {
  fresh
  chown 1026:100 "${ROOM}/data"
  chmod 700 "${ROOM}/auth"
  as_user foreign
  reach foreign reason session_path_not_writable
  expect "$(logs foreign)" '/app/.wwebjs_auth is not writable for 1026:100 (owner 0:0, mode 700)'
  expect "$(value action)" 'fix-permissions.sh'
  equal "$(value status)" 200
  equal "$(value health)" 200
  chown 1026:100 "${ROOM}/auth"
  reach foreign state qr
  end foreign
}

mode_000_as_user() {
  fresh
  chown 1026:100 "${ROOM}/auth" "${ROOM}/data"
  chmod 000 "${ROOM}/auth"
  as_user shut
  reach shut reason session_path_not_writable
  end shut
}

read_only_mount() {
  fresh
  chown 1026:100 "${ROOM}/auth" "${ROOM}/data"
  start readonly --read-only --user 1026:100 --volume "${ROOM}/auth:/app/.wwebjs_auth:ro" --volume "${ROOM}/data:/app/data"
  reach readonly reason session_path_read_only
  end readonly
}

# The report: the volume is at /app/.wwebjs_auth, the path says something else.
path_off_the_mount() {
  fresh
  local text
  as_compose report --env WHATSAPP_SESSION_PATH=/app/.wwebjs
  reach report state error
  text="$(value reason) $(value reason_message) $(value action)"
  expect "${text}" session_path_
  expect "${text}" 'Cannot write to /app/.wwebjs:'
  expect "${text}" 'under volumes:'
  end report
}

# The same with a root file system that can be written: it would work, until the
# container is made anew.
path_off_the_mount_writable() {
  fresh
  local capability options=()
  for capability in "${CAPABILITIES[@]}"; do options+=(--cap-add "${capability}"); done
  start warned "${options[@]}" --env WHATSAPP_SESSION_PATH=/var/tmp/auth --env PUID=1026 --env PGID=100 \
    --volume "${ROOM}/auth:/app/.wwebjs_auth"
  reach warned state qr
  expect "$(logs warned | grep '"level":"warn"')" /app/.wwebjs_auth
  end warned
}

bad_settings() {
  fresh
  as_compose bad --env WHATSAPP_CLIENT_ID='a b' --env LOG_LEVEL=loud
  equal "$(ended bad)" 78
  expect "$(logs bad)" WHATSAPP_CLIENT_ID
  expect "$(logs bad)" LOG_LEVEL
  end bad
}

root_refused() {
  fresh
  as_compose bad --env PUID=0
  equal "$(ended bad)" 78
  expect "$(logs bad)" 'PUID=0'
  end bad
}

settings_checked_only() {
  fresh
  as_compose checked -- node src/main.ts --check-config
  equal "$(ended checked)" 0
  expect "$(logs checked)" valid
  end checked
}

without_capabilities() {
  fresh
  start poor --read-only --env PUID=1026 --env PGID=100 --volume "${ROOM}/auth:/app/.wwebjs_auth"
  equal "$(ended poor)" 77
  expect "$(logs poor)" 'cap_add'
  end poor
}

# Folders of somebody else that nobody can enter: all that the entrypoint can be asked to mend.
shut_folders() {
  fresh
  mkdir "${ROOM}/auth/session-x"
  chown -R 5000:5000 "${ROOM}/auth"
  chmod 000 "${ROOM}/auth/session-x" "${ROOM}/auth"
}

each_capability_is_needed() {
  local capability code text
  for capability in none CHOWN DAC_OVERRIDE FOWNER SETGID SETUID; do
    shut_folders
    WITHOUT=${capability} as_compose lesser -- true
    code=$(ended lesser)
    text=$(logs lesser)
    end lesser
    case ${capability} in
      none)
        equal "${code} ${text}" '0 '
        equal "$(stat -c '%u:%g %a' "${ROOM}/auth/session-x")" '1026:100 700'
        ;;
      FOWNER) expect "${text}" 'could not open every folder below /app/.wwebjs_auth' ;;
      DAC_OVERRIDE) expect "${text}" 'could not give /app/.wwebjs_auth to 1026:100' ;;
      *)
        equal "without ${capability} ${code}" "without ${capability} 77"
        expect "${text}" 'Add cap_add:'
        ;;
    esac
  done
  # The sixth is the init's: without it nobody tells the gateway to stop.
  equal "$(ended_by_stop '')" 143
  equal "$(ended_by_stop KILL)" 137
}

# ended_by_stop CAPABILITY: the exit code of a command that ends on a TERM, stopped in a container without CAPABILITY
ended_by_stop() {
  local deadline=$((SECONDS + 30))
  fresh
  WITHOUT=$1 as_compose lesser -- sleep 300 >/dev/null
  until "${PODMAN[@]}" exec --user 1026 lesser sh -c 'grep -qx sleep /proc/[0-9]*/comm' 2>/dev/null; do
    ((SECONDS <= deadline)) || return 1
    sleep 0.2
  done
  "${PODMAN[@]}" stop --time 3 lesser >/dev/null 2>&1
  ended lesser
  end lesser
}

scenarios() {
  exec 3>&1
  NAMES=(first second third fourth mended plain foreign shut readonly report warned bad checked poor lesser full)
  local name
  for name in "${NAMES[@]}"; do "${PODMAN[@]}" rm --force --time 0 "${name}" >/dev/null 2>&1; done
  check 'image, at most 700 MB' small_enough
  check 'image, holds no settings, no login, no tests' nothing_private_inside
  check 'image, has labels, port and a seldom health check' image_describes_itself
  check 'as compose runs it, reaches a QR as PUID 1026:100' reaches_qr
  check 'as compose runs it, every process is that user without a capability on a read-only root' is_locked_down
  check 'memory of the container at QR, at most 350 MB' memory_at_qr
  check 'QR scanned, ready' is_scanned
  check 'stopped, exits with 0 and leaves no lock' stops_cleanly
  check 'made anew with another hostname, ready without a QR' ready_again_without_qr
  check 'second container on the same folder, refused by name while the first stays ready' second_container_refused
  check 'killed and made anew, ready without a QR' ready_after_kill
  check 'folder of another owner, mended' wrong_owner_mended
  check 'folder with mode 000, mended' mode_000_mended
  check 'with user:, reaches a QR without any capability' runs_as_user
  check 'with user: and a foreign folder, says whose it is, and heals without a restart' wrong_owner_as_user_heals
  check 'with user: and mode 000, says so' mode_000_as_user
  check 'read-only mount, says so' read_only_mount
  check 'session path beside the mount, says so with the line to add' path_off_the_mount
  check 'session path beside the mount and writable, warns and names the mount' path_off_the_mount_writable
  check 'settings not valid, exit code 78 and every one by name' bad_settings
  check 'PUID of root, exit code 78' root_refused
  check 'settings only checked, exit code 0' settings_checked_only
  check 'no capabilities, exit code 77 and the lines to add' without_capabilities
  check 'each capability of the compose file, missing: what it is for does not work' each_capability_is_needed
}

full_chromium() {
  build localhost/whatsapp-server:chromium --build-arg BROWSER=chromium
  local bytes
  bytes=$("${PODMAN[@]}" image inspect --format '{{.Size}}' localhost/whatsapp-server:chromium)
  printf '        image with full Chromium: %d MB\n' "$((bytes / 1000000))" >&3
  fresh
  "${PODMAN[@]}" run --detach --name full --pull=never --no-healthcheck --network=host --init \
    --ulimit nofile=1024:1024 --ulimit nproc=4000:4000 --tmpfs /tmp:mode=1777,size=256m \
    --env "PORT=${PORT}" --env CHROMIUM_ARGS --env PUID=1026 --env PGID=100 \
    --volume "${ROOM}/auth:/app/.wwebjs_auth" localhost/whatsapp-server:chromium
  reach full state qr
  expect "$(logs full)" '/usr/lib/chromium/chromium"'
  end full
}

where_the_bytes_are() {
  local container root
  container=$("${BUILDAH[@]}" from --pull-never "${IMAGE}")
  root=$("${BUILDAH[@]}" mount "${container}")
  printf 'MB in the image:\n'
  (
    cd "${root}" || exit
    for part in . usr/lib/chromium usr/local/bin/node usr/lib/x86_64-linux-gnu app/node_modules usr/bin usr/share app/.compile-cache app/src; do
      du -xsm "${part}"
    done
  ) | sed 's/^/  /'
  "${BUILDAH[@]}" rm "${container}" >/dev/null
}
