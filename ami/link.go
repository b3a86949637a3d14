package ami

type link struct{}
