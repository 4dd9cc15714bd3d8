#include "byteplanes.h"
