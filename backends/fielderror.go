package backends

import "fmt"

// FieldError is a fault of one configuration field.
type FieldError struct {
	// Field is the path of the field below the Config, as written in the
	// file: "members[0].workers".
	Field string
	// Problem says what is wrong, Hint what to do; Hint may be empty.
	Problem, Hint string
}

func (e *FieldError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s: %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Field, e.Problem, e.Hint)
}

// FieldFault returns the parts of the fault, for whoever knows where the
// field stands.
func (e *FieldError) FieldFault() (field, problem, hint string, offset int) {
	return e.Field, e.Problem, e.Hint, -1
}
