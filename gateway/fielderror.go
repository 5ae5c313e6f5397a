package gateway

import "fmt"

// FieldError is a fault of one configuration field.
type FieldError struct {
	// Field is the path of the field as written in the file: "routes[2].match".
	Field string
	// Problem says what is wrong, Hint what to do; Hint may be empty.
	Problem, Hint string
	// Other is a second field that the fault is about, or empty.
	Other string
}

func (e *FieldError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s: %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Field, e.Problem, e.Hint)
}

// FieldFault returns the parts of the fault, for whoever knows where the field
// stands.
func (e *FieldError) FieldFault() (field, problem, hint string, offset int) {
	return e.Field, e.Problem, e.Hint, -1
}

// below puts the fields of a part's faults under the part's own path.
type below struct {
	path string
	error
}

func (b below) Unwrap() error { return b.error }

// FieldFault returns the parts of the fault with the field's whole path.
func (b below) FieldFault() (field, problem, hint string, offset int) {
	f, ok := b.error.(interface {
		FieldFault() (field, problem, hint string, offset int)
	})
	if !ok {
		return b.path, b.Error(), "", -1
	}
	field, problem, hint, offset = f.FieldFault()
	return b.path + "." + field, problem, hint, offset
}

func allBelow(path string, faults []error) []error {
	for i, err := range faults {
		faults[i] = below{path, err}
	}
	return faults
}
