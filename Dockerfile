# Two images: `server` is the bridge for production, `local-aws` the local AWS that docker-compose.yml uses.
# Node runs TypeScript directly; nothing is compiled.
FROM node:24-slim@sha256:cd84903a12dbd26b46f1f3b8144a2568c41c5d37ddd0c7a80a34c7a19786b35f AS manifest
WORKDIR /app
COPY package.json package-lock.json ./

FROM manifest AS production-dependencies
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM manifest AS source
COPY src ./src
COPY views ./views
RUN rm -r src/dev

FROM manifest AS local-aws
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY src/dev ./src/dev
USER node
ENTRYPOINT ["node", "src/dev/local-aws/main.ts"]

FROM node:24-slim@sha256:cd84903a12dbd26b46f1f3b8144a2568c41c5d37ddd0c7a80a34c7a19786b35f AS server
ENV NODE_ENV=production
# Less memory for short-lived objects (V8, in MB; its default is 16).
ENV NODE_OPTIONS=--max-semi-space-size=8
# Address of the health check; use the port of listen.port in the configuration.
ENV HEALTH_URL=http://127.0.0.1:3000/healthz
WORKDIR /app
COPY --from=production-dependencies /app/package.json ./
COPY --from=production-dependencies /app/node_modules ./node_modules
COPY --from=source /app/src ./src
COPY --from=source /app/views ./views
COPY LICENSE ./
# The only directory that the server writes to: database and keys. The rest can be read-only.
RUN install -d -o node -g node -m 0700 /var/lib/rolebridge
VOLUME /var/lib/rolebridge
USER node
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(process.env.HEALTH_URL, { signal: AbortSignal.timeout(4000) }).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/rolebridge-server.js"]
CMD ["serve", "--config", "/etc/rolebridge/rolebridge.yaml"]
