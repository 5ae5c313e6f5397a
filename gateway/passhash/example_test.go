package passhash_test

import (
	"context"
	"fmt"
	"time"

	"zerohop/gateway/passhash"
)

// A login verifies the hash of the user's row, and replaces one that is weaker
// than those of today.
func Example() {
	const stored = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"
	hasher := passhash.NewHasher(2, time.Second)
	ok, weak, err := hasher.Verify(context.Background(), []byte("U*U*"), stored)
	fmt.Println(ok, weak, err)
	if ok && weak {
		better, err := hasher.Hash(context.Background(), []byte("U*U*"))
		fmt.Println(better[:31], err)
	}
	// Output:
	// true true <nil>
	// $argon2id$v=19$m=19456,t=2,p=1$ <nil>
}
