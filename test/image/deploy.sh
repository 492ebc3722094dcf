#!/usr/bin/env bash
# deploy.sh from beginning to end, with the real docker and compose commands.
# The engine behind them is podman, which speaks the same language over a socket;
# the gateway uses the network of this machine, where the simulator is.
# shellcheck disable=SC2154,SC2016 # variables of run.sh; code for other programs

DEPLOYED=''
ENGINE=''

start_engine() {
  local socket=${WORK}/engine.sock
  rm -f "${socket}"
  BUILDAH_ISOLATION=chroot "${PODMAN[@]}" system service --time=0 "unix://${socket}" >"${WORK}/engine.log" 2>&1 &
  ENGINE=$!
  export DOCKER_HOST=unix://${socket} DOCKER_BUILDKIT=0
  for _ in $(seq 100); do
    docker info >/dev/null 2>&1 && return 0
    sleep 0.2
  done
  return 1
}

# The project as a user has it, but for what this machine cannot do: networks.
make_deployed() {
  DEPLOYED=${ROOM}/deployed
  rm -rf "${ROOM:?}"/*
  mkdir "${DEPLOYED}" "${ROOM}/bin"
  cp -R deploy.sh fix-permissions.sh docker docker-compose.synology.yml .env.example Dockerfile .dockerignore \
    package.json package-lock.json .puppeteerrc.cjs src "${DEPLOYED}"
  node --input-type=module -e '
    import { readFileSync, writeFileSync } from "node:fs";
    import { parse, stringify } from "yaml";
    const file = process.argv[1];
    const compose = parse(readFileSync(file, "utf8"));
    const service = compose.services["whatsapp-server"];
    delete service.ports;
    service.network_mode = "host";
    service.ulimits = { nofile: 1024, nproc: 4000 };
    service.environment.PORT = "${PORT:-3000}";
    writeFileSync(file, stringify(compose));
  ' "${DEPLOYED}/docker-compose.synology.yml"
  cp .env.example "${DEPLOYED}/.env"
  printf 'PORT=%s\nAPI_KEY=%s\nCHROMIUM_ARGS="%s"\n' "${PORT}" "${KEY}" "${CHROMIUM_ARGS}" >>"${DEPLOYED}/.env"
  # podman numbers its versions otherwise.
  printf '#!/bin/sh\nif [ "$1" = version ]; then echo 24.0.2; else exec %s "$@"; fi\n' "$(command -v docker)" >"${ROOM}/bin/docker"
  chmod 755 "${ROOM}/bin/docker"
}

# deploy CODE [OPTIONS...]: its output is in OUTPUT
deploy() {
  local wanted=$1 code=0
  shift
  OUTPUT=$(SUDO_USER=daemon PATH="${ROOM}/bin:${PATH}" DEPLOY_WAIT_HEALTHY=60 sh "${DEPLOYED}/deploy.sh" "$@" 2>&1 </dev/null) || code=$?
  if [[ ${code} -ne ${wanted} ]]; then
    printf 'deploy.sh %s: exit code %d, expected %d\n%s\n' "$*" "${code}" "${wanted}" "${OUTPUT}"
    return 1
  fi
}

container_id() { docker inspect --format '{{.Id}}' whatsapp-server; }

deploys_from_nothing() {
  deploy 0 --yes
  expect "${OUTPUT}" 'the session folder is one folder inside and outside'
  expect "${OUTPUT}" 'a QR code waits for the phone'
  expect "${OUTPUT}" '█'
  refuse "${OUTPUT}" FAIL
  refuse "${OUTPUT}" "${KEY}"
}

deploys_again_without_change() {
  control scan
  reach whatsapp-server state ready
  local before
  before=$(container_id)
  deploy 0 --yes
  expect "${OUTPUT}" 'connected: '
  equal "$(container_id)" "${before}"
  equal "$(find "${DEPLOYED}/backups" -name 'login-*')" ''
}

commands_in_the_container() {
  local file
  docker exec whatsapp-server doctor --offline
  docker exec whatsapp-server npm run doctor -- --json --offline | node -e 'JSON.parse(require("fs").readFileSync(0))'
  docker exec whatsapp-server backup
  file=$(find "${DEPLOYED}/data/backups" -name 'login-*.tar.gz')
  equal "$(stat -c '%u %a' "${file}")" "$(id -u daemon) 600"
  reach whatsapp-server state ready
  docker exec whatsapp-server restore "data/backups/${file##*/}"
  reach whatsapp-server state ready
}

upgrades() {
  printf '// another version\n' >>"${DEPLOYED}/src/main.ts"
  deploy 0 --yes
  expect "${OUTPUT}" 'the login is kept in backups/login-'
  expect "${OUTPUT}" 'connected: '
  refuse "${OUTPUT}" '█'
  docker image inspect whatsapp-server:previous >/dev/null
}

rolls_back_on_request() {
  deploy 0 --rollback
  expect "${OUTPUT}" 'the image is the previous one'
  expect "${OUTPUT}" 'connected: '
}

rolls_back_a_broken_version() {
  local before
  before=$(docker inspect --format '{{.Image}}' whatsapp-server)
  # Passes the check of the settings and ends at once when it is started.
  sed -i '1i if (!process.argv.includes("--check-config")) process.exit(3);' "${DEPLOYED}/src/main.ts"
  deploy 4 --yes
  expect "${OUTPUT}" 'the container ends as soon as it starts'
  expect "${OUTPUT}" 'Back to the previous version'
  reach whatsapp-server state ready
  equal "$(docker inspect --format '{{.Image}}' whatsapp-server)" "${before}"
}

deploy_scenarios() {
  if ! command -v docker >/dev/null || ! docker compose version >/dev/null 2>&1; then
    printf 'SKIPPED deploy.sh with the real commands: docker with its compose plug-in is not installed\n'
    skipped=$((skipped + 1))
    return 0
  fi
  NAMES+=(whatsapp-server)
  "${PODMAN[@]}" rm --force --time 0 whatsapp-server >/dev/null 2>&1
  "${PODMAN[@]}" rmi --force whatsapp-server:latest whatsapp-server:previous >/dev/null 2>&1
  if ! start_engine; then
    printf 'SKIPPED deploy.sh with the real commands: podman does not serve\n'
    skipped=$((skipped + 1))
    return 0
  fi
  make_deployed
  # They build on each other.
  check 'deploy.sh, from nothing to a QR code' deploys_from_nothing
  check 'deploy.sh again, who is connected, and the container stays' deploys_again_without_change
  check 'doctor, backup and restore in the container, as its user and while it runs' commands_in_the_container
  check 'deploy.sh with a new version, login kept and connected without a QR' upgrades
  check 'deploy.sh --rollback, the version from before is connected' rolls_back_on_request
  check 'deploy.sh with a version that does not start, back to the one from before' rolls_back_a_broken_version
  kill "${ENGINE}"
  ENGINE=''
}
