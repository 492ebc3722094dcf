# The verification at the end, and the QR code on the terminal.
# shellcheck shell=dash

# Whether it connects only when somebody presses Connect: every word that the program takes for "no".
waits_for_a_person() {
  case $(env_value .env WHATSAPP_AUTO_CONNECT | tr '[:upper:]' '[:lower:]') in
    false | 0 | no | off | n | disabled) return 0 ;;
    *) return 1 ;;
  esac
}

# Asks the gateway inside the container; the answer is in ANSWER, one name=value
# per line.
ask_status() { ANSWER=$(docker exec "${CONTAINER}" node /app/docker/ask.cjs status 2>&1); }

answer() { printf '%s\n' "${ANSWER}" | sed -n "s/^$1=//p" | head -n 1; }

# Waits for a QR code, a connection, or a reason why there is none. A large
# account may still be loading when the time is up.
wait_settled() {
  local began
  began=$(seconds)
  while :; do
    if ask_status; then
      case $(answer state) in
        qr | ready | error) break ;;
        *) ;;
      esac
      if waits_for_a_person; then break; fi
    fi
    measure "${began}"
    [ "${TOOK}" -lt "${WAIT_QR}" ] || break
    progress "waiting for WhatsApp Web, ${TOOK} s ($(answer message))"
    sleep 1
  done
  progress_end
}

prove_gateway() {
  heading 'Proof'
  FAILED=0
  wait_settled
  prove_answers
  prove_log
  prove_session_folder
  prove_whatsapp
  [ "${FAILED}" -eq 0 ]
}

prove_answers() {
  expect_200 '/health' "$(answer health)"
  expect_200 '/api/whatsapp/status' "$(answer status)"
}

expect_200() {
  if [ "$2" = 200 ]; then
    ok "$1 answers 200"
  else
    bad "$1 answers ${2:-nothing}" "See: sudo docker logs --tail 50 ${CONTAINER}"
  fi
}

prove_log() {
  container_log >"${LOG}"
  if grep -aE 'EACCES|permission denied' "${LOG}" >/dev/null; then
    bad 'EACCES in the log: a folder refuses the gateway' "$(grep -aE 'EACCES|permission denied' "${LOG}" | tail -n 1 | cut -c 1-200)" \
      'Run: sudo ./fix-permissions.sh'
  else
    ok 'no EACCES in the log'
  fi
  if grep -aF 'Cannot read properties of null' "${LOG}" >/dev/null; then
    bad '"Cannot read properties of null" in the log' 'That is a fault of the gateway. Please report it, with: sudo docker exec whatsapp-server doctor --json'
  else
    ok 'no "Cannot read properties of null" in the log'
  fi
}

# The report that this script exists for: three names for one folder. So the
# mount is read from the engine, and the same folder is looked at from both sides.
prove_session_folder() {
  local inside source writable id profile here there
  inside=$(container_field '{{range .Config.Env}}{{println .}}{{end}}' | sed -n 's/^WHATSAPP_SESSION_PATH=//p' | tail -n 1)
  source=$(container_field "{{range .Mounts}}{{if eq .Destination \"${inside}\"}}{{.RW}} {{.Source}}{{end}}{{end}}")
  writable=${source%% *}
  source=${source#* }
  if [ -z "${source}" ]; then
    bad "the session path ${inside} is not on a mount: the login would vanish with the container" \
      "In ${COMPOSE_YML} the volume line and WHATSAPP_SESSION_PATH must name the same path." "Get it back: git checkout ${COMPOSE_YML}"
    return 0
  fi
  if [ "${writable}" != true ]; then
    bad "the session path ${inside} is mounted read-only" "In ${COMPOSE_YML}, take :ro off the volume line."
    return 0
  fi
  if [ "$(readlink -f "${source}")" != "${PROJECT}/.wwebjs_auth" ]; then
    warn "the session folder is ${source}, not ${PROJECT}/.wwebjs_auth"
  fi
  id=$(env_value .env WHATSAPP_CLIENT_ID)
  profile=session-${id:-whatsapp-client}
  here=$(stat -c %i "${source}/${profile}" 2>/dev/null) || here=''
  there=$(docker exec "${CONTAINER}" stat -c %i "${inside}/${profile}" 2>/dev/null) || there=''
  if [ -n "${here}" ] && [ "${here}" = "${there}" ]; then
    ok "the session folder is one folder inside and outside: ${inside}/${profile} is ${source}/${profile}"
  elif [ -n "${there}" ]; then
    bad "${profile} exists in the container but not on the host, in ${source}: the mount has come off" \
      "Make a new container: sudo $(compose_words) up -d --force-recreate"
  elif [ "$(answer state)" = error ] || waits_for_a_person; then
    warn "${inside} is ${source}; no profile in it yet"
  else
    bad "no profile in ${source} yet" 'Run: sudo ./fix-permissions.sh, then this again.'
  fi
}

prove_whatsapp() {
  local action
  action=$(answer action)
  case $(answer state) in
    ready) ok "connected: $(answer account)" ;;
    syncing) ok "linked, WhatsApp is loading ($(answer progress) %)" ;;
    qr) ok 'a QR code waits for the phone' ;;
    *)
      if waits_for_a_person; then
        ok 'not connecting, as WHATSAPP_AUTO_CONNECT=false says; press Connect on the page'
        return 0
      fi
      bad "no QR code and no connection after ${WAIT_QR} s: $(answer message)" \
        "Reason: $(answer reason) $(answer reason_message)" "${action:-It goes on trying by itself. See: sudo docker exec ${CONTAINER} doctor}"
      ;;
  esac
}

# The address of this machine in its network, else its name.
own_address() {
  local address
  address=$(ip -4 route get 1.1.1.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p' | head -n 1) || address=''
  [ -n "${address}" ] || address=$(hostname 2>/dev/null) || address=localhost
  printf '%s' "${address:-localhost}"
}

show_address() {
  local publish
  publish=$(env_value .env PUBLISH_ADDRESS)
  case ${publish:-0.0.0.0} in
    0.0.0.0) printf '\n  The page: %shttp://%s:%s/whatsapp%s\n' "${BOLD}" "$(own_address)" "${PORT}" "${PLAIN}" ;;
    127.*)
      printf '\n  The page: http://%s:%s/whatsapp on this machine alone; others come through your reverse proxy\n' "${publish}" "${PORT}"
      ;;
    *) printf '\n  The page: %shttp://%s:%s/whatsapp%s\n' "${BOLD}" "${publish}" "${PORT}" "${PLAIN}" ;;
  esac
  [ -z "$(env_value .env API_KEY)" ] || printf "  Its key:  sudo grep '^API_KEY=' %s\n" "$(quoted "${PROJECT}/.env")"
}

# Draws the QR code. On a terminal it stays until the phone has scanned it: a
# code is good for about 20 seconds, so it is drawn again when it changes.
show_qr() {
  [ "$(answer state)" = qr ] || return 0
  local drawn code lines=0 attempt='' began
  began=$(seconds)
  while :; do
    if [ "$(answer state)" = qr ] && [ "$(answer attempt)" != "${attempt}" ] && code=$(docker exec "${CONTAINER}" node /app/docker/ask.cjs qr); then
      attempt=$(answer attempt)
      drawn=$(printf '\n%s\n\n  Scan it: WhatsApp on the phone, Settings, Linked devices, Link a device.' "${code}")
      [ "${lines}" -eq 0 ] || printf '\033[%sA\033[J' "${lines}"
      printf '%s\n' "${drawn}"
      lines=$(printf '%s\n' "${drawn}" | wc -l)
      if [ -t 1 ]; then
        printf '  A new code is drawn when this one expires. Ctrl-C leaves; the gateway runs on.\n'
        lines=$((lines + 1))
      fi
    fi
    measure "${began}"
    [ -t 1 ] && [ "${TOOK}" -lt "${WAIT_SCAN}" ] || return 0
    sleep 1
    ask_status || continue
    case $(answer state) in
      qr) ;;
      ready)
        ok "connected: $(answer account)"
        return 0
        ;;
      syncing) progress "scanned; WhatsApp is loading ($(answer progress) %)" ;;
      *) return 0 ;;
    esac
  done
}
