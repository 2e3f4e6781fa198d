# The program, the files of other programs that it runs, and nothing else: see
# docs/decisions/0110-releases.md.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X github.com/codexlock/codexlock/internal/buildinfo.Version=${VERSION}" \
    -o /out/codexlock ./cmd/image \
    && CGO_ENABLED=0 go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X github.com/codexlock/codexlock/internal/buildinfo.Version=${VERSION}" \
    -o /out/codexlock-use ./cmd/codexlock-use

FROM debian:bookworm-slim AS files
RUN apt-get update \
    && apt-get install -y --no-install-recommends bash ca-certificates coreutils git grep mawk openssl sed shellcheck
COPY image/root.sh /root.sh
RUN /root.sh /image
COPY --from=build /out/codexlock /out/codexlock-use /image/usr/local/bin/
RUN ln -s codexlock /image/usr/local/bin/codexlock-action

FROM scratch
COPY --from=files /image/ /
ENV PATH=/usr/local/bin:/usr/bin
ENTRYPOINT ["/usr/local/bin/codexlock-action"]
