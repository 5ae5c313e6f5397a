package sqlapi

import (
	"bytes"
	"fmt"

	"github.com/valyala/fasthttp"
)

// accepts refuses a body of a type that no parameter reads, where there are
// parameters that read a body: taken as absent, its values would all be empty.
// It refuses a compressed one as well, whatever its type: nothing decodes it.
func (ps *parameters) accepts(rc *fasthttp.RequestCtx) error {
	if ps.body == nil && !ps.takesForm || len(rc.PostBody()) == 0 {
		return nil
	}
	for _, encoding := range rc.Request.Header.PeekAll(fasthttp.HeaderContentEncoding) {
		if encoding = bytes.TrimSpace(encoding); len(encoding) > 0 && !equalFold(encoding, "identity") {
			return fmt.Errorf("%w: encoded as %q", ErrMediaType, encoding)
		}
	}
	contentType := rc.Request.Header.ContentType()
	if ps.body != nil && isJSON(contentType) || ps.takesForm && (isURLEncoded(contentType) || isMultipart(contentType)) {
		return nil
	}
	return fmt.Errorf("%w: %q", ErrMediaType, contentType)
}

// isJSON reports whether a body of that content type is JSON:
// application/json, or any type that ends in +json.
func isJSON(contentType []byte) bool {
	media := mediaType(contentType)
	return equalFold(media, "application/json") ||
		len(media) > len("+json") && equalFold(media[len(media)-len("+json"):], "+json")
}

func isURLEncoded(contentType []byte) bool {
	return equalFold(mediaType(contentType), "application/x-www-form-urlencoded")
}

func isMultipart(contentType []byte) bool {
	return equalFold(mediaType(contentType), "multipart/form-data")
}

// mediaType returns a content type without its parameters.
func mediaType(contentType []byte) []byte {
	if i := bytes.IndexByte(contentType, ';'); i >= 0 {
		contentType = contentType[:i]
	}
	return bytes.TrimSpace(contentType)
}

// equalFold compares with want, which is in lower case.
func equalFold(s []byte, want string) bool {
	if len(s) != len(want) {
		return false
	}
	for i, c := range s {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != want[i] {
			return false
		}
	}
	return true
}
