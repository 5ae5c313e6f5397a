package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// maxToken is how many bytes a token may have.
const maxToken = 16 << 10

// tokens verifies JSON Web Tokens (RFC 7519). Their algorithms are those of the
// configuration, and each has the one kind of key that is made for it: what the
// token itself says can choose among those, and nothing else.
type tokens struct {
	parser *jwt.Parser
	keys   keySource
	user   string
	roles  string
}

// keySource has the keys that signatures are verified with.
type keySource interface {
	// key returns the key of an id, which is empty where the token names none,
	// for an algorithm. The error is ErrRejected where there is none, and
	// ErrUnavailable where that cannot be said.
	key(ctx context.Context, id, algorithm string) (any, error)
	close()
}

func newTokens(cfg *Config, s *Sources) (*tokens, error) {
	options := []jwt.ParserOption{
		jwt.WithValidMethods(cfg.Algorithms), jwt.WithLeeway(cfg.Leeway), jwt.WithTimeFunc(s.Now),
		jwt.WithExpirationRequired(), jwt.WithJSONNumber(), jwt.WithStrictDecoding(),
	}
	if len(cfg.Audience) > 0 {
		options = append(options, jwt.WithAudience(cfg.Audience...))
	}
	if cfg.Issuer != "" {
		options = append(options, jwt.WithIssuer(cfg.Issuer))
	}
	t := &tokens{parser: jwt.NewParser(options...), user: cfg.User, roles: cfg.Roles}
	var err error
	t.keys, err = newKeySource(cfg, s)
	return t, err
}

func (t *tokens) close() { t.keys.close() }

func (t *tokens) verify(ctx context.Context, r *Request) (Identity, error) {
	text := bearer(r.header(headerAuthorization))
	switch {
	case len(text) == 0:
		return Identity{}, ErrNoCredentials
	case len(text) > maxToken:
		return Identity{}, fmt.Errorf("%w: a token of %d bytes", ErrRejected, len(text))
	}
	claims := jwt.MapClaims{}
	_, err := t.parser.ParseWithClaims(string(text), claims, func(token *jwt.Token) (any, error) {
		return t.keyOf(ctx, token)
	})
	if err != nil {
		return Identity{}, tokenError(err)
	}
	id := Identity{Claims: Claims{claims}}
	user, ok := id.Claims.at(t.user)
	if id.User, _ = user.(string); !ok || id.User == "" {
		return Identity{}, fmt.Errorf("%w: the token has no text in the claim %q", ErrRejected, t.user)
	}
	if t.roles != "" {
		id.Roles = id.Claims.roles(t.roles)
	}
	return id, nil
}

// keyOf returns the key of a token, whose algorithm is one of those that may be.
func (t *tokens) keyOf(ctx context.Context, token *jwt.Token) (any, error) {
	// RFC 7515: who does not understand what is critical refuses the token.
	if _, critical := token.Header["crit"]; critical {
		return nil, fmt.Errorf("%w: the token has critical headers", ErrRejected)
	}
	id, ok := token.Header["kid"].(string)
	if _, there := token.Header["kid"]; there && !ok {
		return nil, fmt.Errorf("%w: the token's key id is not a text", ErrRejected)
	}
	return t.keys.key(ctx, id, token.Method.Alg())
}

// tokenFaults are what may be wrong with a token, in words that hold nothing of it.
var tokenFaults = []error{
	jwt.ErrTokenMalformed, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenExpired, jwt.ErrTokenNotValidYet, jwt.ErrTokenUsedBeforeIssued,
	jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenInvalidClaims,
}

// tokenError gives the failure of a token its kind.
func tokenError(err error) error {
	if errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, ErrRejected) {
		return err
	}
	for _, fault := range tokenFaults {
		if errors.Is(err, fault) {
			return fmt.Errorf("%w: %w", ErrRejected, fault)
		}
	}
	return fmt.Errorf("%w: the token cannot be verified", ErrRejected)
}
