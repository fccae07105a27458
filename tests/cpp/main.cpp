// The program around the tests: Catch's own main(). Each test-*.cpp holds the tests of one file of
// src/core.
#define CATCH_CONFIG_MAIN
#include "catch.h"
