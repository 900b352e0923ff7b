module schedtop/tests/targets

go 1.19

require schedtop/demo v0.0.0

replace schedtop/demo => ../../demo
