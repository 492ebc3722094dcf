# The gateway with its browser, for amd64 and arm64.
#
# Kept legal for Docker's legacy builder, because DSM has no BuildKit plug-in:
# no RUN --mount, no heredocs, no COPY --chmod or --link.

FROM node:24-trixie-slim AS app
WORKDIR /app
# What is for machines without Node and without a browser stays out: the image
# brings both. Maps, type declarations,
# TypeScript sources and coverage reports are never read at run time.
COPY package.json package-lock.json .puppeteerrc.cjs ./
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund \
 && rm -rf node_modules/@sparticuz \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
 && rm -rf node_modules/swagger-ui-dist/swagger-ui-es-bundle*.js node_modules/swagger-ui-dist/swagger-ui.js \
      node_modules/fluent-ffmpeg/coverage node_modules/puppeteer-core/src \
      node_modules/zod/src node_modules/chromium-bidi/node_modules/zod/src
COPY docker/*.sh docker/*.cjs ./docker/
COPY src ./src
# A share's ACL can hand over files that nobody but root may read, and an
# editor on Windows drops the executable bit.
RUN chmod -R u=rwX,go=rX . && chmod 755 docker/*.sh


FROM debian:trixie-slim

# chromium-headless-shell needs half the memory of chromium and starts faster.
ARG BROWSER=chromium-headless-shell

# Left out: Mesa's software renderer with the compiler below it, and Vulkan's
# debugging layer. They are a third of what the browser pulls in, and Chromium
# draws with its own SwiftShader and loads none of them.
RUN printf 'path-exclude=/usr/lib/%s\n' '*/libLLVM*' '*/libgallium*' '*/libz3.so*' \
      'chromium/libVkLayer_*' 'chromium/libVkICD_mock*' > /etc/dpkg/dpkg.cfg.d/lean-browser \
 && apt-get update \
 && apt-get install -y --no-install-recommends "$BROWSER" ca-certificates libatomic1 libstdc++6 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log

# A browser that cannot run a script and paint fails here and not on the NAS:
# Debian has shipped a Chromium that could not even start.
COPY docker/smoke-test.sh /tmp/
RUN sh /tmp/smoke-test.sh "/usr/lib/chromium/$BROWSER"

COPY --from=app /usr/local/bin/node /usr/local/bin/node

WORKDIR /app
COPY --from=app /app/node_modules ./node_modules
COPY --from=app /app/package.json ./
COPY --from=app /app/docker ./docker
COPY --from=app /app/src ./src
# Compiled once, here, under the flags of CMD: the program starts in half the
# time and with less memory. Then one command each for `docker exec whatsapp-server …`.
RUN NODE_COMPILE_CACHE=/app/.compile-cache node --max-semi-space-size=2 src/main.ts --check-config \
 && chmod -R a+rX .compile-cache \
 && for name in doctor backup restore npm; do ln -s /app/docker/command.sh "/usr/local/bin/$name"; done

# The browser's own binary and not the wrapper in /usr/bin, which stays between
# the gateway and the browser as a shell of its own.
# HOME and the XDG folders are in /tmp: the browser writes there at every start,
# the root file system is read-only, and none of it has to survive.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    WHATSAPP_SESSION_PATH=/app/.wwebjs_auth \
    DATA_PATH=/app/data \
    PUPPETEER_EXECUTABLE_PATH=/usr/lib/chromium/${BROWSER} \
    HOME=/tmp/home \
    XDG_CONFIG_HOME=/tmp/home/.config \
    XDG_CACHE_HOME=/tmp/home/.cache

LABEL org.opencontainers.image.title="whatsapp-server" \
      org.opencontainers.image.description="Self-hosted WhatsApp gateway: one session behind REST and Socket.IO" \
      org.opencontainers.image.licenses="MIT"

EXPOSE 3000
STOPSIGNAL SIGTERM
# Seldom and silent: every check is a process, and what it prints is written to disk.
HEALTHCHECK --interval=60s --timeout=10s --start-period=120s --retries=3 \
  CMD ["node", "/app/docker/healthcheck.cjs"]
# No USER: the entrypoint gives the data folders to PUID:PGID and then becomes
# that user. Started as another user, it stays that user.
ENTRYPOINT ["/app/docker/entrypoint.sh"]
# A small nursery for young objects: node takes less memory, and keeps no more of it after a busy hour.
CMD ["node", "--max-semi-space-size=2", "src/main.ts"]
