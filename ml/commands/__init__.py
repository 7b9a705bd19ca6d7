"""The commands of `kith`, by what they work on: the landing zone, the steps of a day, the home folder, a person.

Each imports what it needs when it runs, so that `kith status` is quick.
"""
