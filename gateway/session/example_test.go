package session_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zerohop/gateway/session"
)

// A session from login to logout, as a gateway handles it.
func Example() {
	var config session.Config
	config.SetDefaults() // in memory; [sessions] may say otherwise
	sessions, err := session.New(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sessions.Close()

	// A request that logs in may come with a session, which ends.
	const tls = true
	before, err := sessions.Find(context.Background(), []byte("theme=dark"), tls) // the Cookie header
	if err != nil && !errors.Is(err, session.ErrNone) {
		fmt.Println("503", err) // session.ErrUnavailable
		return
	}
	started, err := sessions.Start(context.Background(), session.Content{User: "alice", Roles: []string{"staff"}}, before)
	if err != nil {
		fmt.Println("503", err)
		return
	}
	setCookie := string(sessions.AppendCookie(nil, started, tls))

	// A later request reads it, and changes what is kept with it.
	cookies, attributes, _ := strings.Cut(setCookie, "; ")
	found, err := sessions.Find(context.Background(), []byte(cookies), tls)
	if err != nil {
		fmt.Println("401 or 503", err)
		return
	}
	err = sessions.Update(context.Background(), found, func(c *session.Content) error {
		c.Data = []byte(`{"cart":[7]}`)
		return nil
	})
	fmt.Println(found.User, found.Roles, string(found.Data), err)
	fmt.Println(sessions.CookieName(tls), attributes)

	// The logout comes from one of our own pages, and ends it.
	token := found.AppendToken(nil)
	fmt.Println(found.HasToken(token), sessions.End(context.Background(), found))
	fmt.Println(string(sessions.AppendRemoval(nil, tls)))
	_, err = sessions.Find(context.Background(), []byte(cookies), tls)
	fmt.Println(err)
	// Output:
	// alice [staff] {"cart":[7]} <nil>
	// __Host-session Path=/; HttpOnly; SameSite=Lax; Secure
	// true <nil>
	// __Host-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure
	// no session
}
