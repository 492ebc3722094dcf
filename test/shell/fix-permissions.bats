#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031 # bats sets variables, and runs each test in a subshell
# shellcheck disable=SC2016,SC2086 # code for another shell; "busybox ash" is two words

setup() {
  load helpers
  load_libraries
  make_project
  use_fakes
  cd /
}

@test "help, says what it does and its exit codes" {
  run script fix-permissions.sh --help
  assert_success
  assert_output --partial '--dry-run'
  assert_output --partial 'Exit code: 0'
  assert_dir_not_exists "${PROJECT}/data"
}

@test "folders missing, made for the user and proved by writing as that user" {
  need_root 'gives folders to another user'
  run script fix-permissions.sh --user 1026:100
  assert_success
  assert_output --partial '[ ok ] .wwebjs_auth: writable as 1026:100, proved by writing'
  assert_output --partial '[ ok ] data: writable as 1026:100, proved by writing'
  assert_equal "$(stat -c '%u:%g %a' "${PROJECT}/.wwebjs_auth")" '1026:100 750'
  assert_equal "$(find "${PROJECT}/data" | wc -l)" 1
}

@test "everything right already, changes nothing and says so" {
  need_root 'gives folders to another user'
  script fix-permissions.sh --user 1026:100
  mkdir -m 700 "${PROJECT}/.wwebjs_auth/session-whatsapp-client"
  chown 1026:100 "${PROJECT}/.wwebjs_auth/session-whatsapp-client"
  fake chown 'exit 1'
  fake chmod 'exit 1'
  run script fix-permissions.sh --user 1026:100
  assert_success
  assert_output --partial 'was right already'
  assert_equal "$(stat -c %a "${PROJECT}/.wwebjs_auth/session-whatsapp-client")" 700
}

@test "wrong owner deep inside, mended" {
  need_root 'gives folders to another user'
  mkdir -p "${PROJECT}/.wwebjs_auth/session-whatsapp-client/Default/IndexedDB"
  touch "${PROJECT}/.wwebjs_auth/session-whatsapp-client/Default/IndexedDB/LOG"
  run script fix-permissions.sh --user 1026:100
  assert_success
  assert_equal "$(stat -c %u:%g "${PROJECT}/.wwebjs_auth/session-whatsapp-client/Default/IndexedDB/LOG")" 1026:100
}

@test "mode 000 as DSM makes it, opened after the owner is set" {
  need_root 'gives folders to another user'
  mkdir -m 000 "${PROJECT}/.wwebjs_auth"
  run script fix-permissions.sh --user 1026:100 .wwebjs_auth
  assert_success
  assert_equal "$(stat -c '%u:%g %a' "${PROJECT}/.wwebjs_auth")" '1026:100 750'
}

@test "strangers may read, shut out" {
  need_root 'gives folders to another user'
  mkdir -m 777 "${PROJECT}/data"
  chown 1026:100 "${PROJECT}/data"
  run script fix-permissions.sh --user 1026:100 data
  assert_success
  assert_equal "$(stat -c %a "${PROJECT}/data")" 770
}

@test "a folder above shut for the user, does not count because the container mounts past it" {
  need_root 'gives folders to another user'
  chmod 700 "${PROJECT}"
  run script fix-permissions.sh --user 1026:100
  assert_success
}

@test "link inside that leads outside, its target keeps its owner" {
  need_root 'gives folders to another user'
  mkdir "${PROJECT}/data"
  echo mine >"${BATS_TEST_TMPDIR}/outside"
  ln -s "${BATS_TEST_TMPDIR}/outside" "${PROJECT}/data/link"
  run script fix-permissions.sh --user 1026:100 data
  assert_success
  assert_equal "$(stat -c '%u %a' "${BATS_TEST_TMPDIR}/outside")" '0 644'
}

@test "data folder is a link that leads outside, refused and nothing changed" {
  mkdir "${BATS_TEST_TMPDIR}/elsewhere"
  ln -s "${BATS_TEST_TMPDIR}/elsewhere" "${PROJECT}/data"
  before=$(stat -c '%u:%g %a' "${BATS_TEST_TMPDIR}/elsewhere")
  run script fix-permissions.sh --user 1026:100 data
  assert_failure 3
  assert_output --partial 'a link that leads out of the project'
  assert_equal "$(stat -c '%u:%g %a' "${BATS_TEST_TMPDIR}/elsewhere")" "${before}"
}

@test "data folder is a link to a folder that does not exist, refused" {
  ln -s "${PROJECT}/data/inner" "${PROJECT}/.wwebjs_auth"
  run script fix-permissions.sh --user 1026:100 .wwebjs_auth
  assert_failure 3
}

@test "a file where the folder has to be, refused with the command that moves it" {
  echo x >"${PROJECT}/data"
  run script fix-permissions.sh --user 1026:100 data
  assert_failure 3
  assert_output --partial 'mv '
  assert_file_exists "${PROJECT}/data"
}

@test "dangerous folders, each refused by name" {
  local folder
  for folder in / '' /volume1 /volume1/docker /volumeUSB1/usbshare /etc /home .. ../other .wwebjs_auth/../.. \
    /volume1/docker/other-project "${PROJECT}" "${PROJECT}/docker"; do
    run script fix-permissions.sh --user 1026:100 "${folder}"
    assert_failure 3
    assert_output --partial 'refused'
  done
}

@test "one folder refused, the other one still mended" {
  need_root 'gives folders to another user'
  run script fix-permissions.sh --user 1026:100 /etc data
  assert_failure 3
  assert_output --partial '[ ok ] data'
}

@test "dry run, says the commands and changes nothing" {
  mkdir -m 700 "${PROJECT}/data"
  before=$(stat -c '%u:%g %a' "${PROJECT}/data")
  run script fix-permissions.sh --dry-run --user 1026:100
  assert_success
  assert_output --partial 'chown -hR 1026:100'
  assert_output --partial 'chmod -R u+rwX,g+rX,o-rwx'
  assert_output --partial '.wwebjs_auth: would be made'
  assert_equal "$(stat -c '%u:%g %a' "${PROJECT}/data")" "${before}"
  assert_dir_not_exists "${PROJECT}/.wwebjs_auth"
}

@test "not root and something wrong, asks for sudo with its own exit code" {
  need_root 'becomes an ordinary user first'
  mkdir -m 755 "${PROJECT}/data"
  run setpriv --reuid 1234 --regid 1234 --clear-groups ${SCRIPT_SHELL} "${PROJECT}/fix-permissions.sh" --user 1026:100 data
  assert_failure 4
  assert_output --partial 'sudo ./fix-permissions.sh'
}

@test "person behind sudo, is who the folders are for" {
  run env SUDO_USER=daemon FAKE="${FAKE}" bash -c "${SCRIPT_SHELL} '${PROJECT}/fix-permissions.sh' --dry-run"
  assert_output --partial "for $(id -u daemon):$(id -g daemon) (daemon, who called sudo)"
}

@test "PUID and PGID in .env, win over the person behind sudo" {
  printf 'PUID="1030"\r\nPGID=101\n' >"${PROJECT}/.env"
  run env SUDO_USER=daemon FAKE="${FAKE}" bash -c "${SCRIPT_SHELL} '${PROJECT}/fix-permissions.sh' --dry-run"
  assert_output --partial 'for 1030:101 (PUID and PGID in .env)'
}

@test "root or nonsense as the user, refused as wrong usage" {
  local user
  for user in 0:0 1026 1026:x :100 -1:5; do
    run script fix-permissions.sh --user "${user}"
    assert_failure 2
  done
  printf 'PUID=0\nPGID=0\n' >"${PROJECT}/.env"
  run script fix-permissions.sh
  assert_failure 2
  assert_dir_not_exists "${PROJECT}/data"
}

@test "unknown option, wrong usage" {
  run script fix-permissions.sh --recursive
  assert_failure 2
  assert_output --partial 'unknown option --recursive'
}

@test "read-only volume, says that root cannot write either" {
  need_root 'mounts a read-only folder'
  mkdir -p "${PROJECT}/data/sub"
  run unshare -m bash -c 'mount --bind "$1/data" "$1/data" && mount -o remount,ro,bind "$1/data" && shift && exec "$@"' \
    - "${PROJECT}" ${SCRIPT_SHELL} "${PROJECT}/fix-permissions.sh" --user 1026:100 data
  assert_failure 1
  assert_output --partial '[FAIL] data: still not writable as 1026:100'
  assert_output --partial 'read-only or full'
}

@test "setpriv missing, chroot proves it" {
  need_root 'writes as another user'
  hide setpriv
  run script fix-permissions.sh --user 1026:100
  assert_success
  assert_output --partial 'proved by writing'
}

# Makes the scripts believe that program $1 is not there.
hide() {
  printf 'have() { [ "$1" != %s ] && command -v "$1" >/dev/null 2>&1; }\n' "$1" >>"${PROJECT}/docker/host/lib.sh"
  fake "$1" 'exit 127'
}

# ---- Synology

# An ACL of one folder in a file: what synoacltool would keep in an attribute.
use_synoacltool() {
  fake synoacltool 'echo "synoacltool $*" >>"$FAKE/calls"
    acl="$FAKE/acl"
    case $1 in
      -get) if [ -s "$acl" ]; then cat "$acl"; else echo "(synoacltool.c, 596)It is Linux mode" | sed "s/It is/It'"'"'s/"; fi ;;
      -add) echo "[0] $3 (level:0)" >>"$acl" ;;
    esac'
}

@test "folder with an ACL, warns that chmod switches it off and names the other way" {
  need_root 'gives folders to another user'
  use_synoacltool
  mkdir -m 777 "${PROJECT}/data"
  echo '[0] group:administrators:allow:rwxpdDaARWc--:fd-- (level:1)' >"${FAKE}/acl"
  run script fix-permissions.sh --user 1026:100 data
  assert_success
  assert_output --partial 'has a Synology ACL'
  assert_output --partial '--acl'
}

@test "option --acl, adds one entry, leaves the mode alone, and only once" {
  need_root 'gives folders to another user'
  use_synoacltool
  mkdir -m 777 "${PROJECT}/data"
  echo '[0] group:administrators:allow:rwxpdDaARWc--:fd-- (level:1)' >"${FAKE}/acl"
  run script fix-permissions.sh --acl --user 1026:100 data
  assert_success
  assert_equal "$(stat -c '%u:%g %a' "${PROJECT}/data")" '1026:100 777'
  assert_equal "$(grep -c 'user:1026:allow:rwxpdDaARWc--:fd--' "${FAKE}/acl")" 1
  chown 0:0 "${PROJECT}/data"
  run script fix-permissions.sh --acl --user 1026:100 data
  assert_success
  assert_equal "$(grep -c 'user:1026:allow' "${FAKE}/acl")" 1
  # deploy.sh calls it without the option: what was chosen stays.
  chown 0:0 "${PROJECT}/data"
  run script fix-permissions.sh --user 1026:100 data
  assert_success
  assert_equal "$(stat -c '%u:%g %a' "${PROJECT}/data")" '1026:100 777'
  refute_output --partial 'switches it off'
}

@test "another file system that is mounted below, left as it is" {
  need_root 'mounts'
  mkdir -p "${PROJECT}/data/usb" "${BATS_TEST_TMPDIR}/stick"
  touch "${BATS_TEST_TMPDIR}/stick/photo"
  chown 5:5 "${BATS_TEST_TMPDIR}/stick/photo"
  chmod 644 "${BATS_TEST_TMPDIR}/stick/photo"
  export PROJECT
  run unshare -m bash -c 'mount -t tmpfs none "$1" && cp -p "$2" "$1" && shift 2 && "$@" && stat -c "now %u:%g %a" "${PROJECT}/data/usb/photo"' - \
    "${PROJECT}/data/usb" "${BATS_TEST_TMPDIR}/stick/photo" env ${SCRIPT_SHELL} "${PROJECT}/fix-permissions.sh" --user 1026:100 data
  assert_output --partial 'now 5:5 644'
  assert_equal "$(stat -c %u:%g "${PROJECT}/data")" 1026:100
}

@test "option --acl on a folder in Linux mode, says so and uses chmod" {
  need_root 'gives folders to another user'
  use_synoacltool
  mkdir -m 700 "${PROJECT}/data"
  run script fix-permissions.sh --acl --user 1026:100 data
  assert_success
  assert_output --partial 'has no ACL (Linux mode)'
  assert_equal "$(stat -c %a "${PROJECT}/data")" 750
}

@test "option --acl without synoacltool, wrong usage" {
  run script fix-permissions.sh --acl --user 1026:100
  assert_failure 2
  assert_output --partial 'synoacltool'
}

@test "project directly on a volume, its data folder is a share and refused" {
  need_root 'builds a root with /volume1'
  make_volume
  cp -R "${PROJECT}/." "${VOLUME_ROOT}/volume1/"
  run chroot "${VOLUME_ROOT}" ${SCRIPT_SHELL} /volume1/fix-permissions.sh --user 1026:100
  assert_failure 3
  assert_output --partial '/volume1/data is a whole shared folder'
  assert_dir_not_exists "${VOLUME_ROOT}/volume1/data"
}

@test "project in a folder of a share, accepted" {
  need_root 'builds a root with /volume1'
  make_volume
  mkdir -p "${VOLUME_ROOT}/volume1/docker/whatsapp-server"
  cp -R "${PROJECT}/." "${VOLUME_ROOT}/volume1/docker/whatsapp-server/"
  run chroot "${VOLUME_ROOT}" ${SCRIPT_SHELL} /volume1/docker/whatsapp-server/fix-permissions.sh --user 1026:100
  assert_success
}

# A system with a /volume1: this one, with a layer above it that vanishes.
make_volume() {
  local layer="${BATS_TEST_TMPDIR}/layer"
  mkdir -p "${layer}"
  mount -t tmpfs tmpfs "${layer}"
  mkdir -p "${layer}/up" "${layer}/work" "${layer}/root"
  if ! mount -t overlay overlay -o "lowerdir=/,upperdir=${layer}/up,workdir=${layer}/work" "${layer}/root"; then
    umount "${layer}"
    skip 'overlay mounts do not work here'
  fi
  VOLUME_ROOT="${layer}/root"
  mount --bind /dev "${VOLUME_ROOT}/dev"
  mkdir -p "${VOLUME_ROOT}/volume1"
  chmod 755 "${VOLUME_ROOT}/volume1"
}

teardown() {
  if [[ -n ${VOLUME_ROOT:-} ]]; then
    umount "${VOLUME_ROOT}/dev" "${VOLUME_ROOT}" "${VOLUME_ROOT%/root}"
  fi
}
