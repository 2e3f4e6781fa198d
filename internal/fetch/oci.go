package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/bundle"
	"github.com/codexlock/codexlock/internal/bundle/archive"
)

// maxManifestBytes is the size that registries must accept (OCI distribution 1.1).
const maxManifestBytes = 4 << 20

// hintPush shows how to publish a bundle that OPA and Codexlock can read.
const hintPush = "publish it as OPA does: oras push HOST/REPOSITORY:TAG --config config.json:" + ocispec.MediaTypeImageConfig + " bundle.tar.gz:" + ocispec.MediaTypeImageLayerGzip

// pull fetches the only layer of the image with the bundle's digest.
func (c *Client) pull(ctx context.Context, r bundle.Ref) ([]byte, error) {
	source, err := c.repository(r)
	if err != nil {
		return nil, err
	}
	text, err := c.pinned(ctx, r.Digest, maxManifestBytes, func(ctx context.Context) ([]byte, error) {
		_, body, err := source.Manifests().FetchReference(ctx, "sha256:"+r.Digest.String())
		if err != nil {
			return nil, registryError(r, err)
		}
		defer body.Close()
		return readAtMost(body, maxManifestBytes)
	})
	if err != nil {
		return nil, err
	}
	layer, want, err := onlyLayer(text)
	if err != nil {
		return nil, err
	}
	return c.pinned(ctx, want, archive.MaxBytes, func(ctx context.Context) ([]byte, error) {
		body, err := source.Blobs().Fetch(ctx, layer)
		if err != nil {
			return nil, registryError(r, err)
		}
		defer body.Close()
		return readAtMost(body, layer.Size)
	})
}

// onlyLayer reads a manifest with the pinned digest. It refuses anything that the manifest
// leaves open.
func onlyLayer(text []byte) (layer ocispec.Descriptor, sum artifact.Digest, err error) {
	refuse := func(format string, args ...any) (ocispec.Descriptor, artifact.Digest, error) {
		return ocispec.Descriptor{}, artifact.Digest{}, &problem{reason: fmt.Sprintf(format, args...), hint: hintPush}
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return refuse("its manifest is not JSON: %v", err)
	}
	switch {
	case m.MediaType != "" && m.MediaType != ocispec.MediaTypeImageManifest:
		return refuse("its manifest is a %q, want one image: %s", m.MediaType, ocispec.MediaTypeImageManifest)
	case len(m.Layers) != 1:
		return refuse("its image has %d layers, want one: the bundle", len(m.Layers))
	}
	layer = m.Layers[0]
	if layer.MediaType != ocispec.MediaTypeImageLayerGzip {
		return refuse("its layer is a %q, want %s", layer.MediaType, ocispec.MediaTypeImageLayerGzip)
	}
	if layer.Size < 0 || layer.Size > archive.MaxBytes {
		return refuse("its layer has %d bytes, want at most %d", layer.Size, archive.MaxBytes)
	}
	if err := layer.Digest.Validate(); err != nil || layer.Digest.Algorithm() != digest.SHA256 {
		return refuse("its layer has the digest %q, want one by sha256", layer.Digest)
	}
	sum, err = artifact.ParseDigest(layer.Digest.Encoded())
	return layer, sum, err
}

// repository returns the repository of a registry, over https only. Credentials are those
// of the registry's host, and are sent to it and to the token service that it names.
func (c *Client) repository(r bundle.Ref) (*remote.Repository, error) {
	source, err := remote.NewRepository(r.Registry + "/" + r.Repository)
	if err != nil {
		return nil, &problem{reason: "is no repository of a registry: " + err.Error(), cause: err}
	}
	source.Client = &auth.Client{
		Client: c.http(),
		Cache:  auth.NewCache(),
		Header: http.Header{"User-Agent": {"codexlock"}},
		Credential: func(_ context.Context, host string) (auth.Credential, error) {
			if c.Credentials == nil || host != source.Reference.Host() {
				return auth.EmptyCredential, nil
			}
			all, err := c.Credentials()
			if err != nil {
				return auth.EmptyCredential, &problem{reason: err.Error(), cause: err}
			}
			return all.of(host), nil
		},
	}
	return source, nil
}

// registryError describes the response of a registry.
func registryError(r bundle.Ref, err error) error {
	var known *problem
	if errors.As(err, &known) {
		return known
	}
	var answer *errcode.ErrorResponse
	switch errors.As(err, &answer); {
	case errors.Is(err, errdef.ErrNotFound), answer != nil && answer.StatusCode == http.StatusNotFound:
		return &problem{reason: "is not in the registry", hint: "see that it was pushed, and pin the digest that oras push printed", cause: err}
	case answer != nil && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden), errors.Is(err, auth.ErrBasicCredentialNotFound):
		return &problem{
			reason: fmt.Sprintf("%s wants credentials that may read it", r.Registry),
			hint:   "docker login " + r.Registry + ", or DOCKER_AUTH_CONFIG in the environment; credential helpers are not started",
			cause:  err,
		}
	case answer != nil:
		return &problem{reason: fmt.Sprintf("%s answers %d %s, want 200", r.Registry, answer.StatusCode, http.StatusText(answer.StatusCode)), cause: err}
	}
	return unreachable(err)
}
