module capstep/envreaders

go 1.24

require (
	github.com/compose-spec/compose-go/v2 v2.16.2
	github.com/docker/cli v28.2.2+incompatible
)

require (
	github.com/sirupsen/logrus v1.10.1 // indirect
	golang.org/x/sys v0.13.0 // indirect
)
