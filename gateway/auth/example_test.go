package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"zerohop/gateway/auth"
	"zerohop/gateway/throttle"
)

// users stands for a statement: select passwd, role from user where user = :auth.user
type users struct{}

func (users) Row(_ context.Context, values *auth.Values) (auth.Row, error) {
	if string(values.User) != "ann" {
		return auth.Row{}, nil
	}
	return auth.Row{Count: 1, Columns: []auth.Column{
		{Name: "passwd", Value: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
		{Name: "role", Value: "admin,ops"},
	}}, nil
}

// A route that is for admins asks a verifier who is there, and answers with what
// comes of it.
func Example() {
	var cfg auth.Config
	cfg.SetDefaults()
	cfg.Type, cfg.SQLHash = auth.TypeBasic, "select passwd, role from user where user = :auth.user"
	verifier, err := auth.New("staff", cfg, auth.Sources{Lookup: users{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer verifier.Close()
	ask := func(user, password string) {
		request := auth.Request{User: []byte(user), Password: []byte(password), Address: netip.MustParseAddr("192.0.2.1")}
		who, err := verifier.Verify(context.Background(), &request)
		if err == nil {
			err = who.Allow([]string{"admin"})
		}
		throttled, tooMany := errors.AsType[*throttle.Error](err)
		switch {
		case err == nil:
			fmt.Println(200, who.User, who.Roles)
		case tooMany:
			fmt.Println(429, throttled.RetryAfter)
		case errors.Is(err, auth.ErrForbidden):
			fmt.Println(403)
		case errors.Is(err, auth.ErrNoCredentials), errors.Is(err, auth.ErrRejected):
			fmt.Println(401, verifier.Challenge())
		default:
			fmt.Println(503)
		}
	}
	ask("ann", "U*U")
	ask("ann", "u*u")
	ask("bob", "U*U")
	// Output:
	// 200 ann [admin ops]
	// 401 Basic realm="zerohop", charset="UTF-8"
	// 401 Basic realm="zerohop", charset="UTF-8"
}
