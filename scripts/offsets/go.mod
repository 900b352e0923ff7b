module schedtop/scripts/offsets

go 1.19
