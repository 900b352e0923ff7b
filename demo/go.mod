module schedtop/demo

go 1.19
