"""MAESTRO's files: networks whose layers have a dataflow each, in data-centric directives, and hardware.

    file -> syntax -> nest -> counting -> statistics -> comparison
                  \\-> workload (the layers as one network, for every other command)

* `syntax` and `hardware` read the files; `nest` says which loops the directives of a layer are, level by level.
* `counting` counts words exactly; `reported` says what MAESTRO counts, so that differences can be explained.

The language is that of Kwon et al., MICRO 2019 (https://maestro.ece.gatech.edu).
"""
