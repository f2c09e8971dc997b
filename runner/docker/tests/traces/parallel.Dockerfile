# Recorded: see traces.rs.
FROM base AS deps
RUN for n in 1 2 3 4 5 6; do echo dependency $n; sleep 0.2; done
RUN echo all dependencies >/deps; echo checked

FROM base AS assets
WORKDIR /assets
RUN sleep 0.3; for n in 1 2 3; do echo asset $n; sleep 0.1; done; echo compiled >/assets/all
RUN sleep 0.9; echo compressed

FROM base
COPY --from=deps /deps /deps
COPY --from=assets /assets /assets
COPY Dockerfile /Dockerfile
RUN cat /deps /assets/all
