#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031 # bats sets variables, and runs each test in a subshell
# shellcheck disable=SC2016,SC2086 # code for another shell; "busybox ash" is two words

setup() {
  load helpers
  load_libraries
  need_root 'deploy.sh gives folders to another user'
  make_project
  use_fakes
  export SUDO_USER=daemon DEPLOY_WAIT_QR=2 DEPLOY_WAIT_HEALTHY=3 DEPLOY_PROC="${FAKE}/proc"
  mkdir -p "${DEPLOY_PROC}/net"
  printf 'MemTotal: 4000000 kB\nMemAvailable: 2000000 kB\n' >"${DEPLOY_PROC}/meminfo"
  : >"${DEPLOY_PROC}/net/tcp"
  : >"${DEPLOY_PROC}/net/tcp6"
  cd /
}

# What a first run leaves, made once by one: most tests begin there, and a third of them all would run it anew.
setup_file() {
  [[ ${EUID} -eq 0 ]] || return 0
  BATS_TEST_TMPDIR=${BATS_FILE_TMPDIR}
  setup
  deploy --yes >"${BATS_FILE_TMPDIR}/output"
  [[ -e ${FAKE}/container/status ]]
}

deploy() { script deploy.sh "$@"; }

# A version that runs and has a login.
given_running_version() {
  cp -a "${BATS_FILE_TMPDIR}/${PROJECT##*/}/." "${PROJECT}"
  cp -a "${BATS_FILE_TMPDIR}/fake/"{images,container} "${FAKE}"
  echo "${PROJECT}" >"${FAKE}/container/folder"
  local profile="${PROJECT}/.wwebjs_auth/session-whatsapp-client/Default"
  mkdir -p "${profile}/IndexedDB" "${profile}/Local Storage/leveldb"
  echo old-login >"${profile}/IndexedDB/db"
  echo old-login >"${profile}/Local Storage/leveldb/log"
  chown -R daemon: "${profile}"
  chmod -R go= "${profile}"
  : >"${FAKE}/calls"
}

given_new_version() { echo sha256:second >"${FAKE}/next-image"; }

# Every file and folder with owner and mode, and when each file was last written.
fingerprint() { (cd "${PROJECT}" && find . -type d -printf '%p %U:%G %m\n' -o -printf '%p %U:%G %m %T@\n' | sort); }

# ---- the whole way

@test "first run, makes settings and folders, builds, starts, proves and draws the QR code" {
  run deploy
  assert_success
  assert_output --partial 'made .env with a random API_KEY'
  assert_output --partial '[ ok ] built in'
  assert_output --partial '[ ok ] healthy after'
  assert_output --partial '[ ok ] /health answers 200'
  assert_output --partial '[ ok ] /api/whatsapp/status answers 200'
  assert_output --partial '[ ok ] no EACCES in the log'
  assert_output --partial '[ ok ] no "Cannot read properties of null" in the log'
  assert_output --partial '[ ok ] the session folder is one folder inside and outside'
  assert_output --partial '[ ok ] a QR code waits for the phone'
  assert_output --partial 'QR-CODE-IN-CHARACTERS'
  assert_output --regexp 'The page: http://.*:3000/whatsapp'
  refute_output --partial 'FAIL'
  assert_equal "$(calls 'compose -p whatsapp-server -f docker-compose.synology.yml (build|run|up)' | grep -oE 'yml [a-z]+')" \
    "$(printf 'yml build\nyml run\nyml up')"
}

@test "first run, settings are private, complete and belong to the person behind sudo" {
  deploy >"${BATS_TEST_TMPDIR}/out"
  assert_equal "$(stat -c '%a %u:%g' "${PROJECT}/.env")" "600 $(id -u daemon):$(id -g daemon)"
  run cat "${PROJECT}/.env"
  assert_line --regexp '^API_KEY=[0-9a-f]{48}$'
  assert_line "PUID=$(id -u daemon)"
  assert_line "PGID=$(id -g daemon)"
  assert_line 'PORT=3000'
  assert_line '# LOG_LEVEL=info'
  assert_equal "$(stat -c %u "${PROJECT}/.wwebjs_auth" "${PROJECT}/data" "${PROJECT}/backups" | sort -u)" "$(id -u daemon)"
  assert_equal "$(stat -c %a "${PROJECT}/backups")" 700
}

@test "API key, shows on no command line and in no output" {
  deploy >"${BATS_TEST_TMPDIR}/out" 2>&1
  key=$(sed -n 's/^API_KEY=//p' "${PROJECT}/.env")
  assert [ -n "${key}" ]
  run grep -rF "${key}" "${FAKE}/calls" "${BATS_TEST_TMPDIR}/out"
  assert_failure
}

@test "second run, changes nothing and needs no backup" {
  given_running_version
  before=$(fingerprint)
  run deploy
  assert_success
  assert_equal "$(fingerprint)" "${before}"
  assert_output --partial '.env is as it was'
  assert_output --partial 'was right already'
  run calls '^docker (stop|tag|start)'
  assert_failure
}

@test "upgrade, keeps the old image and the login that belongs to it, stopped while it is copied" {
  given_running_version
  given_new_version
  run deploy --yes
  assert_success
  assert_output --partial 'the old image is kept as whatsapp-server:previous'
  assert_output --partial 'the login is kept in backups/login-'
  assert_equal "$(cat "${FAKE}/images/whatsapp-server:previous")" sha256:first
  assert_equal "$(cat "${PROJECT}"/backups/login-*.image)" sha256:first
  run tar -tzf "${PROJECT}"/backups/login-*.tar.gz
  assert_line 'session-whatsapp-client/Default/IndexedDB/db'
  assert_line 'session-whatsapp-client/Default/Local Storage/leveldb/log'
  assert_equal "$(stat -c '%a' "${PROJECT}"/backups/login-*.tar.gz)" 600
  assert_equal "$(grep -oE '^docker (stop|tag)|yml (build|up)' "${FAKE}/calls")" \
    "$(printf 'yml build\ndocker tag\ndocker stop\nyml up')"
}

@test "seven upgrades, five backups stay" {
  given_running_version
  for number in 1 2 3 4 5 6; do
    touch "${PROJECT}/backups/login-2020010${number}-000000.tar.gz" "${PROJECT}/backups/login-2020010${number}-000000.image"
  done
  given_new_version
  run deploy --yes
  assert_success
  assert_equal "$(find "${PROJECT}/backups" -name 'login-*.tar.gz' | wc -l)" 5
  assert_equal "$(find "${PROJECT}/backups" -name 'login-*.image' | wc -l)" 5
  assert_file_not_exists "${PROJECT}/backups/login-20200102-000000.tar.gz"
  assert_file_exists "${PROJECT}/backups/login-20200103-000000.tar.gz"
}

@test "connected already, says who instead of a QR code" {
  printf 'health=200\nstatus=200\nstate=ready\naccount=Ivan, 79123456789\nmessage=connected\n' >"${FAKE}/status"
  run deploy
  assert_success
  assert_output --partial '[ ok ] connected: Ivan, 79123456789'
  refute_output --partial 'QR-CODE'
}

@test "linked and still loading when the time is up, says so and is content" {
  printf 'health=200\nstatus=200\nstate=syncing\nprogress=40\nmessage=loading\n' >"${FAKE}/status"
  run deploy
  assert_success
  assert_output --partial '[ ok ] linked, WhatsApp is loading (40 %)'
}

@test "from another folder, with a space in the project's path" {
  mkdir -p "${BATS_TEST_TMPDIR}/else where"
  cd "${BATS_TEST_TMPDIR}/else where"
  run deploy
  assert_success
  assert_equal "$(find "${BATS_TEST_TMPDIR}/else where" | wc -l)" 1
}

@test "sudo's bare PATH, finds docker in /usr/local/bin" {
  mkdir -p "${BATS_TEST_TMPDIR}/local"
  cp "${BATS_TEST_DIRNAME}"/fakes/docker "${BATS_TEST_TMPDIR}/local/"
  # A machine may have a docker of its own on the bare PATH: out of sight for this.
  run unshare -m bash -c 'mount --bind "$1" /usr/local/bin && PATH=/usr/bin:/bin:/usr/sbin:/sbin && shift &&
    for real in /usr/bin/docker /bin/docker; do
      [[ ! -x ${real} ]] || mount --bind /dev/null "${real}"
    done && exec "$@"' - "${BATS_TEST_TMPDIR}/local" ${SCRIPT_SHELL} "${PROJECT}/deploy.sh"
  assert_success
}

@test "no plug-in, docker-compose does it" {
  touch "${FAKE}/no-plugin"
  run deploy
  assert_success
  assert_output --partial 'compose 1.28.5 (docker-compose)'
  run calls '^docker-compose -p whatsapp-server -f docker-compose.synology.yml up -d --no-build'
  assert_success
}

@test "no tools but those of busybox, first run, upgrade with backup, and rollback" {
  local tool
  mkdir "${FAKE}/busybox"
  busybox --install -s "${FAKE}/busybox"
  # These would be the machine's own on any machine that has them at all.
  for tool in su sudo mount unshare; do rm -f "${FAKE}/busybox/${tool}"; done
  PATH="${FAKE}/bin:${BATS_TEST_DIRNAME}/fakes:${FAKE}/busybox:${PATH}"
  given_running_version
  given_new_version
  run deploy --yes
  assert_success
  assert_output --partial 'the login is kept in backups/login-'
  run deploy --rollback
  assert_success
  assert_output --partial 'the login is that of backups/login-'
}

@test "container of another compose project name, is kept under that name" {
  given_running_version
  echo my-project >"${FAKE}/container/project"
  run deploy
  assert_success
  run calls 'compose -p my-project .* up -d'
  assert_success
}

@test "help, needs nothing and does nothing" {
  run deploy --help
  assert_success
  assert_output --partial '--rollback'
  assert_equal "$(cat "${FAKE}/calls")" ''
}

@test "dry run, says what would be done and changes nothing" {
  before=$(fingerprint)
  run deploy --dry-run
  assert_success
  assert_output --partial 'make .env with a random API_KEY'
  assert_output --partial '.wwebjs_auth: would be made'
  assert_output --partial 'docker compose -p whatsapp-server -f docker-compose.synology.yml build'
  assert_output --partial 'Nothing was changed.'
  assert_equal "$(fingerprint)" "${before}"
  run calls 'yml (build|run|up)|^docker (tag|stop|start)'
  assert_failure
}

@test "option --no-build, starts the image that is there" {
  given_running_version
  given_new_version
  run deploy --no-build
  assert_success
  run calls 'yml build'
  assert_failure
}

@test "option --no-build without an image, says so" {
  run deploy --no-build
  assert_failure 3
  assert_output --partial 'there is no image'
}

@test "option --fresh, builds without cache and with the newest base" {
  run deploy --fresh
  assert_success
  run calls 'yml build --no-cache --pull'
  assert_success
}

@test "wrong options, wrong usage" {
  run deploy --force
  assert_failure 2
  run deploy --no-build --fresh
  assert_failure 2
}

# ---- what is wrong before anything is changed

refused() {
  local before
  before=$(fingerprint)
  run deploy
  assert_failure 1
  assert_output --partial 'Nothing was changed.'
  assert_equal "$(fingerprint)" "${before}"
  if grep -E 'yml (build|up)' "${FAKE}/calls"; then fail 'it went on'; fi
}

@test "not root, names the command" {
  fake id 'if [ "$1" = -u ] && [ $# -eq 1 ]; then echo 1026; else exec /usr/bin/id "$@"; fi'
  refused
  assert_output --partial 'sudo ./deploy.sh'
}

@test "kernel 3.10, refused with the reason" {
  export FAKE_KERNEL=3.10.108
  refused
  assert_output --partial '[FAIL] kernel 3.10.108 is older than 4.4'
}

@test "kernel 4.4, accepted" {
  export FAKE_KERNEL=4.4.302+
  run deploy --dry-run
  assert_success
}

@test "armv7 and i686, refused with the reason" {
  for FAKE_MACHINE in armv7l i686; do
    export FAKE_MACHINE
    refused
    assert_output --partial "[FAIL] architecture ${FAKE_MACHINE}"
  done
}

@test "aarch64, accepted" {
  export FAKE_MACHINE=aarch64
  run deploy --dry-run
  assert_success
}

@test "engine stopped, says how to start it" {
  touch "${FAKE}/engine-down"
  refused
  assert_output --partial 'Cannot connect to the Docker daemon'
  assert_output --partial 'systemctl start docker'
}

@test "neither compose, refused" {
  touch "${FAKE}/no-plugin" "${FAKE}/no-standalone"
  refused
  assert_output --partial 'neither docker compose nor docker-compose'
}

@test "compose 1.27 and engine 17, refused as too old" {
  touch "${FAKE}/no-plugin"
  FAKE_STANDALONE_VERSION=1.27.4 refused
  assert_output --partial 'compose 1.27.4 is older than 1.28'
  FAKE_ENGINE_VERSION=17.05.0 refused
  assert_output --partial 'older than 18.09'
}

@test "port taken by a stranger, names the remedy" {
  echo '   0: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1' >"${DEPLOY_PROC}/net/tcp"
  refused
  assert_output --partial '[FAIL] port 3000 is taken by the container other-container'
  assert_output --partial 'PORT=3001'
}

@test "port of an outgoing connection or another port, is free" {
  printf '%s\n' '   0: 0100007F:0BB8 0100007F:1F90 01 0 0 0 0 0 0' '   1: 00000000:1F90 00000000:0000 0A 0 0 0 0 0 0' >"${DEPLOY_PROC}/net/tcp"
  run deploy --dry-run
  assert_success
  assert_output --partial 'port 3000 is free'
}

@test "port held by this gateway itself, is right" {
  given_running_version
  echo '   0: 00000000:0BB8 00000000:0000 0A 0 0 0 0 0 0' >"${DEPLOY_PROC}/net/tcp"
  run deploy
  assert_success
  assert_output --partial "port 3000 is this gateway's already"
}

@test "port held by this gateway on the network of the machine, is right; after it ended, is not" {
  given_running_version
  echo '   0: 00000000:0BB8 00000000:0000 0A 0 0 0 0 0 0' >"${DEPLOY_PROC}/net/tcp"
  export FAKE_NETWORK=host FAKE_PORT=9
  run deploy --dry-run
  assert_success
  assert_output --partial "port 3000 is this gateway's already"
  echo exited >"${FAKE}/container/status"
  refused
  assert_output --partial 'port 3000 is taken'
}

@test "little memory, refused; little free memory, only warned of" {
  printf 'MemTotal: 500000 kB\nMemAvailable: 300000 kB\n' >"${DEPLOY_PROC}/meminfo"
  refused
  assert_output --partial '[FAIL] 488 MB of memory in all'
  printf 'MemTotal: 2000000 kB\nMemAvailable: 300000 kB\n' >"${DEPLOY_PROC}/meminfo"
  run deploy --dry-run
  assert_success
  assert_output --partial '[warn] 292 MB'
}

@test "disk nearly full, refused" {
  fake df 'printf "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 1 1 1000000 99%% /\n"'
  refused
  assert_output --partial '976 MB free for images'
}

@test "everything wrong at once, named in one run" {
  export FAKE_KERNEL=3.10.108 FAKE_MACHINE=armv7l
  touch "${FAKE}/engine-down"
  refused
  assert_equal "$(grep -c FAIL <<<"${output}")" 4 # three verdicts and the line that counts on them
}

@test "settings with Windows line ends, refused with the command" {
  printf 'PORT=3000\r\n' >"${PROJECT}/.env"
  refused
  assert_output --partial 'Windows line ends'
}

@test "settings name root, refused" {
  printf 'PUID=0\nPGID=0\n' >"${PROJECT}/.env"
  refused
  assert_output --partial "not root's"
}

@test "settings without API_KEY, a loud warning and it goes on" {
  printf 'PORT=3000\n' >"${PROJECT}/.env"
  run deploy
  assert_success
  assert_output --partial '[warn] .env has no API_KEY'
  assert_output --partial 'added PUID='
  assert_output --partial 'now mode 600'
}

@test "settings that the program refuses, named before the old version is touched" {
  given_running_version
  given_new_version
  touch "${FAKE}/bad-config"
  run deploy --yes
  assert_failure 1
  assert_output --partial 'PORT: expected a port number'
  refute_output --partial 'Container x Creating'
  run calls 'yml up|docker stop'
  assert_failure
}

@test "first run with settings that the program refuses, nothing is started" {
  touch "${FAKE}/bad-config"
  run deploy --yes
  assert_failure 1
  assert_output --partial 'PORT: expected a port number'
  run calls 'yml up'
  assert_failure
}

@test "program cannot be asked about the settings, only warned of" {
  given_running_version
  touch "${FAKE}/run-fails"
  run deploy
  assert_success
  assert_output --partial '[warn] the program could not be asked'
  assert_output --partial 'no such image'
}

@test "container of the same name from another folder, refused" {
  given_running_version
  echo /volume1/docker/old >"${FAKE}/container/folder"
  refused
  assert_output --partial 'belongs to another folder: /volume1/docker/old'
}

@test "container that compose did not make, refused with the command" {
  given_running_version
  : >"${FAKE}/container/project"
  refused
  assert_output --partial 'docker rm -f whatsapp-server'
}

@test "another deploy.sh at work, refused; one that died, does not count" {
  mkdir -p "${PROJECT}/backups/.deploying"
  bash -c 'exec -a ./deploy.sh sleep 300' 3>&- &
  local other=$!
  echo "${other}" >"${PROJECT}/backups/.deploying/pid"
  until grep -qa deploy.sh "/proc/${other}/cmdline"; do sleep 0.1; done
  run deploy
  kill "${other}"
  assert_failure 1
  assert_output --partial 'another deploy.sh runs already'
  assert_output --partial 'sudo rm -r'
  # Its number went to some other program, after a reboot for example.
  echo $$ >"${PROJECT}/backups/.deploying/pid"
  run deploy
  assert_success
  mkdir -p "${PROJECT}/backups/.deploying"
  echo 4194304 >"${PROJECT}/backups/.deploying/pid"
  run deploy
  assert_success
  assert_dir_not_exists "${PROJECT}/backups/.deploying"
}

# ---- Synology

given_synology() {
  fake synopkg 'case "$1 $2" in
    "version '"$1"'") echo 24.0.2-1535 ;;
    "status '"$1"'") echo "'"$2"'"; ;;
    *) exit 1 ;;
  esac'
}

@test "Container Manager stopped, says so although docker is not to be found" {
  given_synology ContainerManager '{\"package\":\"ContainerManager\",\"status\":\"stop\"}'
  refused
  assert_output --partial '[FAIL] ContainerManager is not running'
  assert_output --partial 'synopkg start ContainerManager'
}

@test "Container Manager running, goes on" {
  given_synology ContainerManager '{\"package\":\"ContainerManager\",\"status\":\"running\"}'
  run deploy --dry-run
  assert_success
  assert_output --partial '[ ok ] ContainerManager is running'
}

@test "DSM before 7.2, the package is Docker" {
  given_synology Docker 'Docker package is started'
  run deploy --dry-run
  assert_success
  assert_output --partial '[ ok ] Docker is running'
}

@test "DSM without Container Manager, says where to get it" {
  fake synopkg 'exit 1'
  refused
  assert_output --partial 'Package Center'
}

# ---- what goes wrong later

@test "build fails, shows what it said and leaves the old version alone" {
  given_running_version
  echo 'npm error ENOSPC: no space left on device' >"${FAKE}/build-fails"
  run deploy --yes
  assert_failure 3
  assert_output --partial 'no space left on device'
  assert_output --partial 'The disk is full'
  assert_output --partial 'Nothing that runs was changed.'
  run calls 'yml up|docker stop'
  assert_failure
}

@test "build without internet, names DNS" {
  echo 'Temporary failure resolving deb.debian.org' >"${FAKE}/build-fails"
  run deploy
  assert_failure 3
  assert_output --partial 'did not reach the internet'
}

@test "container cannot be started, the engine's words and the remedy" {
  echo 'Error: Bind for 0.0.0.0:3000 failed: port is already allocated' >"${FAKE}/up-fails"
  run deploy
  assert_failure 4
  assert_output --partial 'port is already allocated'
  assert_output --partial 'Choose another in'
}

@test "first version unhealthy, shows the log and has nothing to go back to" {
  echo sha256:first >"${FAKE}/unhealthy"
  printf '%s\n' '{"level":"info","msg":"starting"}' '{"level":"error","msg":"session_path_not_writable EACCES"}' >"${FAKE}/log"
  run deploy --yes
  assert_failure 4
  assert_output --partial 'ends as soon as it starts'
  assert_output --partial 'session_path_not_writable'
  refute_output --partial '"starting"'
  assert_output --partial 'sudo ./fix-permissions.sh'
  refute_output --partial 'Back to the previous version'
}

@test "never answers, gives up after the time allowed" {
  touch "${FAKE}/not-answering"
  run deploy
  assert_failure 4
  assert_output --partial 'not healthy after 3 s'
}

@test "new version unhealthy with --yes, image and login go back together" {
  given_running_version
  given_new_version
  echo sha256:second >"${FAKE}/unhealthy"
  run deploy --yes
  assert_failure 4
  assert_output --partial 'Back to the previous version'
  assert_output --partial 'the login is that of backups/login-'
  assert_output --partial 'the image is the previous one'
  assert_output --partial '[ ok ] healthy after'
  assert_equal "$(cat "${FAKE}/container/image")" sha256:first
  assert_equal "$(cat "${PROJECT}/.wwebjs_auth/session-whatsapp-client/Default/IndexedDB/db")" old-login
}

@test "new version unhealthy and nobody to ask, names the command and leaves it" {
  given_running_version
  given_new_version
  echo sha256:second >"${FAKE}/unhealthy"
  run deploy </dev/null
  assert_failure 4
  assert_output --partial 'sudo ./deploy.sh --rollback'
  assert_equal "$(cat "${FAKE}/container/image")" sha256:second
}

@test "option --rollback, puts back image and login, and a second one undoes it" {
  given_running_version
  given_new_version
  deploy --yes >/dev/null
  login="${PROJECT}/.wwebjs_auth/session-whatsapp-client/Default/IndexedDB/db"
  echo new-login >"${login}"
  sleep 1 # backups are named by the second
  run deploy --rollback
  assert_success
  assert_equal "$(cat "${FAKE}/container/image")" sha256:first
  assert_equal "$(cat "${login}")" old-login
  assert_equal "$(stat -c %u "${login}")" "$(id -u daemon)"
  assert_dir_not_exists "${PROJECT}/.wwebjs_auth/.restore"
  sleep 1
  run deploy --rollback
  assert_success
  assert_equal "$(cat "${FAKE}/container/image")" sha256:second
  assert_equal "$(cat "${login}")" new-login
}

@test "upgrade after one that failed, keeps the last version that worked and its login to go back to" {
  given_running_version
  given_new_version
  echo sha256:second >"${FAKE}/unhealthy"
  run deploy </dev/null
  assert_failure 4
  login="${PROJECT}/.wwebjs_auth/session-whatsapp-client/Default/IndexedDB/db"
  # Six more tries that fail: more than there are backups kept.
  for number in 3 4 5 6 7 8; do
    echo "sha256:try-${number}" >"${FAKE}/next-image"
    echo "sha256:try-${number}" >"${FAKE}/unhealthy"
    echo "login-of-${number}" >"${login}"
    run deploy </dev/null
    assert_failure 4
  done
  assert_output --partial 'never became healthy; kept to go back to is the one before'
  run deploy --rollback
  assert_success
  assert_equal "$(cat "${FAKE}/container/image")" sha256:first
  assert_equal "$(cat "${login}")" old-login
}

@test "rollback that cannot keep the present login, the running version runs on" {
  given_running_version
  given_new_version
  deploy --yes >/dev/null
  fake tar '[[ $* != *-czf* ]] || exit 1; exec /bin/tar "$@"'
  run deploy --rollback
  assert_failure 4
  assert_output --partial 'Nothing was changed'
  assert_output --partial 'the version that ran was started again'
  assert_equal "$(cat "${FAKE}/container/status")" running
  assert_equal "$(cat "${FAKE}/container/image")" sha256:second
}

@test "rollback from a backup that cannot be unpacked, the running version runs on with its login" {
  given_running_version
  given_new_version
  deploy --yes >/dev/null
  login="${PROJECT}/.wwebjs_auth/session-whatsapp-client/Default/IndexedDB/db"
  echo new-login >"${login}"
  for file in "${PROJECT}"/backups/login-*.tar.gz; do echo damaged >"${file}"; done
  run deploy --rollback
  assert_failure 4
  assert_output --partial 'the version that ran was started again'
  assert_equal "$(cat "${FAKE}/container/status")" running
  assert_equal "$(cat "${login}")" new-login
}

@test "rollback interrupted while the previous version starts, is finished without going forth again" {
  given_running_version
  given_new_version
  deploy --yes >/dev/null
  touch "${FAKE}/up-hangs"
  interrupt TERM --rollback
  assert_failure 130
  assert_output --partial 'Finish it: sudo ./deploy.sh --no-build'
  rm -f "${FAKE}/up-hangs"
  run deploy --no-build
  assert_success
  assert_equal "$(cat "${FAKE}/container/image")" sha256:first
  # And the upgrade after that keeps image and login, as every other.
  echo sha256:third >"${FAKE}/next-image"
  run deploy --yes
  assert_success
  assert_output --partial 'the old image is kept'
  assert_output --partial 'the login is kept'
  assert_equal "$(cat "${FAKE}/images/whatsapp-server:previous")" sha256:first
}

@test "reader of the output ends with the same Ctrl-C, the version that ran is started again" {
  given_running_version
  given_new_version
  touch "${FAKE}/stop-hangs"
  local pipe="${BATS_TEST_TMPDIR}/pipe" reader deploying code=0
  mkfifo "${pipe}"
  cat "${pipe}" >/dev/null 3>&- &
  reader=$!
  ${SCRIPT_SHELL} "${PROJECT}/deploy.sh" --yes >"${pipe}" 2>&1 3>&- &
  deploying=$!
  until [[ -s ${FAKE}/hanging ]]; do sleep 0.1; done
  kill "${reader}"
  wait "${reader}" || true
  kill -TERM "${deploying}"
  rm -f "${FAKE}/stop-hangs"
  kill "$(cat "${FAKE}/hanging")"
  wait "${deploying}" || code=$?
  assert_equal "${code}" 130
  assert_equal "$(cat "${FAKE}/container/status")" running
  assert [ ! -e "${PROJECT}/backups/.deploying" ]
}

@test "build, asks for no attestations: with them an unchanged build has a new id" {
  deploy >/dev/null
  assert_equal "$(cat "${FAKE}/no-attestations")" 1
}

@test "variables of the calling shell, do not reach compose" {
  deploy >/dev/null
  export PORT=8080 PUID=7 PGID=8 PUBLISH_ADDRESS=127.0.0.1
  deploy >/dev/null
  assert_equal "$(cat "${FAKE}/exported")" ''
}

@test "option --rollback with --dry-run, says the rollback and changes nothing" {
  given_running_version
  given_new_version
  deploy --yes >/dev/null
  before=$(fingerprint)
  run deploy --rollback --dry-run
  assert_success
  assert_output --partial 'make whatsapp-server:previous the current image'
  assert_output --partial 'put that of backups/login-'
  assert_output --partial '--force-recreate'
  refute_output --partial 'no build'
  assert_equal "$(fingerprint)" "${before}"
  assert_equal "$(cat "${FAKE}/container/image")" sha256:second
}

@test "called by a link from elsewhere, works on its own project" {
  ln -s "${PROJECT}/deploy.sh" "${BATS_TEST_TMPDIR}/up"
  run ${SCRIPT_SHELL} "${BATS_TEST_TMPDIR}/up"
  assert_success
  assert_file_exists "${PROJECT}/.env"
}

@test "value with a dollar outside of single quotes, refused by name" {
  given_running_version
  printf '%s\n' 'API_KEY=abc$defghijklmnopq' 'WEBHOOK_SECRET=$start-of-it' 'export SEND_TYPING=$shell' >>"${PROJECT}/.env"
  refused
  assert_output --partial 'in the value of API_KEY WEBHOOK_SECRET SEND_TYPING'
  sed -i '/^API_KEY=abc/d; /^WEBHOOK_SECRET/d; /SEND_TYPING/d' "${PROJECT}/.env"
  echo "API_KEY='abc\$defghijklmnopq' # \$1 of it" >>"${PROJECT}/.env"
  printf '%s\n' 'LOG_LEVEL=info # not $debug' 'HOST="0.0.0.0" # $all of them' >>"${PROJECT}/.env"
  run deploy
  assert_success
}

@test "values in quotes with a comment behind them, read as the program and compose read them" {
  printf '%s\n' 'PUID="1026" # anna' "PGID='100'   # users" 'PORT="3001" # "free"' >"${PROJECT}/.env"
  run deploy --dry-run
  assert_success
  assert_output --partial 'root, for 1026:100 (PUID and PGID in .env)'
  assert_output --partial 'port 3001 is free'
}

@test "value with a dollar behind an escaped quote, refused by name" {
  given_running_version
  printf '%s\n' 'CHROMIUM_ARGS="--lang=\"$LANG\"" # of $all' >>"${PROJECT}/.env"
  refused
  assert_output --partial 'in the value of CHROMIUM_ARGS'
}

@test "path with an apostrophe, the commands that are printed can be typed as they are" {
  mv "${PROJECT}" "${BATS_TEST_TMPDIR}/anna's \$server"
  PROJECT="${BATS_TEST_TMPDIR}/anna's \$server"
  run deploy
  assert_success
  command=$(sed -n 's/.*See it: sudo //p' <<<"${output}")
  run sh -c "${command}"
  assert_success
  assert_output --regexp '^API_KEY=[0-9a-f]{48}$'
}

@test "file in place of the folder for backups, says so" {
  : >"${PROJECT}/backups"
  run deploy
  assert_failure 1
  assert_output --partial '[FAIL] the folder backups cannot be made'
  assert_output --partial "See: ls -ld '${PROJECT}/backups'"
  assert_equal "$(calls build)" ''
}

@test ".env that compose cannot read, refused before the build in its words" {
  given_running_version
  echo 'failed to read .env: line 104: key cannot contain a space' >"${FAKE}/config-fails"
  refused
  assert_output --partial 'line 104: key cannot contain a space'
}

@test ".env that is a folder, refused" {
  mkdir "${PROJECT}/.env"
  refused
  assert_output --partial '.env is no file'
}

@test "port that there is not, refused; a comment behind it, no part of it" {
  given_running_version
  for port in 0 65536 99999; do
    sed -i '/^PORT=/d' "${PROJECT}/.env"
    echo "PORT=${port}" >>"${PROJECT}/.env"
    refused
    assert_output --partial "PORT=${port} in .env is no port number"
  done
  sed -i '/^PORT=/d' "${PROJECT}/.env"
  echo 'PORT=65535 # mine' >>"${PROJECT}/.env"
  run deploy
  assert_output --partial 'port 65535 is'
}

@test "image cannot be named in a rollback, says so and how to finish" {
  given_running_version
  given_new_version
  deploy --yes >/dev/null
  touch "${FAKE}/tag-fails"
  run deploy --rollback
  assert_failure 4
  assert_output --partial 'the previous image could not be made the current one'
  assert_output --partial 'sudo ./deploy.sh --rollback'
}

@test "disk full while a line is added to .env, its other lines stay" {
  printf 'API_KEY=0123456789abcdef\nPORT=3000\n' >"${PROJECT}/.env"
  chmod 600 "${PROJECT}/.env"
  # The first bytes get through, as on a disk that fills up.
  fake cat '[[ $* != *.env.edit ]] || { printf API; exit 1; }; exec /bin/cat "$@"'
  fake mv '[[ $* != *.env.edit* ]] || exit 1; exec /bin/mv "$@"'
  run deploy
  assert_failure
  run cat "${PROJECT}/.env"
  assert_line 'API_KEY=0123456789abcdef'
  assert_line 'PORT=3000'
}

@test "option --rollback without a previous version, says so and changes nothing" {
  given_running_version
  run deploy --rollback
  assert_failure 4
  assert_output --partial 'no previous version'
  assert_equal "$(cat "${FAKE}/container/status")" running
}

@test "damaged backup, the present login stays" {
  given_running_version
  given_new_version
  deploy --yes >/dev/null
  for file in "${PROJECT}"/backups/login-*.tar.gz; do echo broken >"${file}"; done
  echo new-login >"${PROJECT}/.wwebjs_auth/session-whatsapp-client/Default/IndexedDB/db"
  sleep 1
  run deploy --rollback
  assert_failure 4
  assert_output --partial 'could not be unpacked'
  assert_equal "$(cat "${PROJECT}/.wwebjs_auth/session-whatsapp-client/Default/IndexedDB/db")" new-login
}

@test "login cannot be copied, the old version runs again" {
  given_running_version
  given_new_version
  fake tar 'exit 1'
  run deploy --yes
  assert_failure 1
  assert_output --partial 'the login could not be copied'
  assert_output --partial 'the version that ran was started again'
  assert_equal "$(cat "${FAKE}/container/status")" running
  assert_equal "$(cat "${FAKE}/container/image")" sha256:first
  run calls 'yml up'
  assert_failure
}

# Starts deploy.sh, with the rest as its options, and interrupts it with signal $1 once the stand-in hangs.
interrupt() {
  local pid signal=$1
  shift
  env --default-signal=INT ${SCRIPT_SHELL} "${PROJECT}/deploy.sh" --yes "$@" >"${BATS_TEST_TMPDIR}/out" 2>&1 3>&- &
  pid=$!
  for _ in $(seq 300); do
    [[ ! -s ${FAKE}/hanging ]] || break
    sleep 0.1
  done
  assert_file_exists "${FAKE}/hanging"
  rm -f "${FAKE}"/*-hangs
  kill -s "${signal}" "${pid}"
  # A terminal tells everybody in front, and a shell waits for what is in front.
  pkill -P "${pid}" sleep || true
  status=0
  wait "${pid}" || status=$?
  output=$(<"${BATS_TEST_TMPDIR}/out")
}

@test "interrupted while it builds, the old version runs on and the build is ended" {
  given_running_version
  touch "${FAKE}/build-hangs"
  interrupt INT
  assert_failure 130
  assert_output --partial 'What ran before still runs'
  assert_equal "$(cat "${FAKE}/container/status")" running
  assert_dir_not_exists "${PROJECT}/backups/.deploying"
  run bash -c 'for i in $(seq 100); do kill -0 "$1" 2>/dev/null || exit 0; sleep 0.1; done; grep State "/proc/$1/status"; exit 1' - "$(<"${FAKE}/hanging")"
  assert_success
}

@test "interrupted while the old version is stopped for its backup, it is started again" {
  given_running_version
  given_new_version
  touch "${FAKE}/stop-hangs"
  interrupt HUP
  assert_failure 130
  assert_output --partial 'the version that ran was started again'
  assert_equal "$(cat "${FAKE}/container/status")" running
  assert_equal "$(cat "${FAKE}/container/image")" sha256:first
}

@test "interrupted while the new version starts, names the next step, and the next run finishes" {
  given_running_version
  given_new_version
  touch "${FAKE}/up-hangs"
  interrupt TERM
  assert_failure 130
  assert_output --partial 'Go on with: sudo ./deploy.sh; or back: sudo ./deploy.sh --rollback'
  run deploy --yes
  assert_success
  assert_equal "$(cat "${FAKE}/container/image")" sha256:second
}

@test "interrupted while .env is written, no half file stays in its place" {
  fake mv 'case "$*" in ".env.new .env") exit 1 ;; *) exec /bin/mv "$@" ;; esac'
  run deploy
  assert_failure
  assert_file_not_exists "${PROJECT}/.env"
  rm "${FAKE}/bin/mv"
  run deploy
  assert_success
  assert_equal "$(grep -c '^API_KEY=' "${PROJECT}/.env")" 1
}

# ---- the proof at the end

@test "no QR code in time, says the reason and what to do" {
  touch "${FAKE}/no-qr"
  run deploy
  assert_failure 5
  assert_output --partial '[FAIL] no QR code and no connection after 2 s'
  assert_output --partial 'whatsapp_unreachable'
  assert_output --partial 'Check DNS'
  assert_output --partial 'The page: http'
}

@test "EACCES in the log, the proof fails with the remedy" {
  echo '{"level":"error","msg":"EACCES: permission denied, mkdir"}' >"${FAKE}/log"
  run deploy
  assert_failure 5
  assert_output --partial '[FAIL] EACCES in the log'
  assert_output --partial 'sudo ./fix-permissions.sh'
}

@test "null in the log, the proof fails" {
  echo "TypeError: Cannot read properties of null (reading 'close')" >"${FAKE}/log"
  run deploy
  assert_failure 5
  assert_output --partial '[FAIL] "Cannot read properties of null" in the log'
}

@test "session path not on the mount, the report's own case, the proof fails" {
  export FAKE_SESSION_PATH=/app/data/.wwebjs_auth
  run deploy
  assert_failure 5
  assert_output --partial 'the session path /app/data/.wwebjs_auth is not on a mount'
}

@test "session folder of the container is another one than on the host, the proof fails" {
  touch "${FAKE}/mount-off"
  run deploy
  assert_failure 5
  assert_output --partial 'the mount has come off'
  assert_output --partial 'up -d --force-recreate'
}

@test "session folder mounted read-only, the proof fails" {
  export FAKE_MOUNT_RW=false
  run deploy
  assert_failure 5
  assert_output --partial 'mounted read-only'
}

@test "status is not 200, the proof fails" {
  printf 'health=200\nstatus=503\nstate=idle\n' >"${FAKE}/status"
  run deploy
  assert_failure 5
  assert_output --partial '[FAIL] /api/whatsapp/status answers 503'
}

@test "published on loopback, says that a proxy leads there" {
  printf 'API_KEY=0123456789abcdef0123\nPUBLISH_ADDRESS=127.0.0.1\nPORT=3005\n' >"${PROJECT}/.env"
  run deploy
  assert_success
  assert_output --partial 'http://127.0.0.1:3005/whatsapp on this machine alone'
}

# ---- on a terminal

# Runs deploy.sh on a terminal that answers with $1 when asked.
on_terminal() {
  local answer=$1
  shift
  run bash -c 'printf "%b" "$1" | script -qec "$2" /dev/null' - "${answer}" "${SCRIPT_SHELL} '${PROJECT}/deploy.sh' $*"
}

@test "terminal, a new QR code takes the place of the old one until the phone has scanned it" {
  printf 'health=200\nstatus=200\nstate=qr\nattempt=1\n' | tee "${FAKE}/status.1" >"${FAKE}/status.2"
  printf 'health=200\nstatus=200\nstate=qr\nattempt=2\n' >"${FAKE}/status.3"
  printf 'health=200\nstatus=200\nstate=syncing\nprogress=40\n' >"${FAKE}/status.4"
  printf 'health=200\nstatus=200\nstate=ready\naccount=Ivan, 79123456789\n' >"${FAKE}/status.5"
  on_terminal ''
  assert_success
  assert_equal "$(grep -c QR-CODE-IN-CHARACTERS <<<"${output}")" 2
  # One empty line, two of the code, one empty, two of help.
  assert_output --partial $'\033[6A\033[J'
  assert_output --partial 'scanned; WhatsApp is loading (40 %)'
  assert_output --partial 'connected: Ivan, 79123456789'
}

@test "terminal, yes to the question rolls back" {
  given_running_version
  given_new_version
  echo sha256:second >"${FAKE}/unhealthy"
  on_terminal 'y\n'
  assert_failure 4
  assert_output --partial 'Go back to the previous version, with the login from before? [y/N]'
  assert_equal "$(cat "${FAKE}/container/image")" sha256:first
}

@test "terminal, no to the question leaves it and names the command" {
  given_running_version
  given_new_version
  echo sha256:second >"${FAKE}/unhealthy"
  on_terminal 'n\n'
  assert_failure 4
  assert_output --partial 'sudo ./deploy.sh --rollback'
  assert_equal "$(cat "${FAKE}/container/image")" sha256:second
}
