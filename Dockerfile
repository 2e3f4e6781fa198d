FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X github.com/codexlock/codexlock/internal/buildinfo.Version=${VERSION}" \
    -o /out/ ./cmd/codexlock ./cmd/action

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git shellcheck \
    && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man /usr/share/locale
COPY --from=build /out/codexlock /usr/local/bin/codexlock
COPY --from=build /out/action /usr/local/bin/codexlock-action
ENTRYPOINT ["/usr/local/bin/codexlock-action"]
