package fetch

import (
	"net/http"
	"time"
)

// SetTransport stands in for the network, to believe a test's certificate, and
// for the wait between attempts.
func SetTransport(c *Client, t http.RoundTripper) { c.transport, c.pause = t, time.Millisecond }
