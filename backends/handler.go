package backends

import (
	"context"

	"github.com/valyala/fasthttp"
)

// Handler answers one request. It either writes the response and returns nil,
// or returns an error and leaves the response alone: the caller turns errors
// into responses.
//
// ctx ends with the request; a Handler keeps neither ctx nor rc after it has
// returned. A RequestCtx is never used as a context: its Done fires when the
// server begins to shut down, not when the client leaves.
type Handler func(ctx context.Context, rc *fasthttp.RequestCtx) error
