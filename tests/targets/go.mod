module schedtop/tests/targets

go 1.19
