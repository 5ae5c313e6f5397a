package tornado_test

import (
	"errors"
	"fmt"
	"time"

	"zerohop/gateway/tornado"
)

// The two cookies lead to an id, under which memcached has a pickle.
func Example() {
	var config tornado.Config
	config.SetDefaults()
	config.CookieSecret = "e446976943b4e8442f099fed1f3fea28"
	config.Secret = "some secret"
	reader := tornado.New(config)

	_, err := reader.SessionID("2|1:0|10:1800000000|10:session_id|…", "", time.Now())
	fmt.Println(errors.Is(err, tornado.ErrCookie))

	user, data, err := reader.Read([]byte("\x80\x02}q\x00(U\tuser_nameq\x01U\x05aliceq\x02U\x01nq\x03K\x07u."))
	fmt.Println(user, string(data), err)

	_, _, err = reader.Read([]byte("cos\nsystem\n(S'touch x'\ntR."))
	fmt.Println(err)
	// Output:
	// true
	// alice {"user_name":"alice","n":7} <nil>
	// not a pickle of a session: the session is an object, and not a dict
}
