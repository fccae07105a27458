# The models of the suite. A case is a list:
#   name        as given on the command line
#   title       as printed
#   short       TRUE: part of the short form
#   data        function that makes the data frame
#   formula     as lmm(), lmer() and glmmTMB() take it
#   REML        criterion
#   packages    the packages that fit it; one is left out where it cannot fit the model or would
#               take more than some minutes (lme4 on "movielens", nlme on "28theta": not done in
#               900 s)
#   nlme        list(fixed, random) for nlme::lme()
#   memory      TRUE: peak memory is measured too, in a process of its own for each package
#   target, stretch   goals for the ratio of lme4's time to ours, or NA

new_case <- function(name, title, data, formula, REML = TRUE, packages = c("henderson", "lme4"),
                     nlme = NULL, short = FALSE, memory = FALSE, target = NA, stretch = NA) {
  list(
    name = name, title = title, data = data, formula = formula, REML = REML,
    packages = packages, nlme = nlme, short = short, memory = memory, target = target,
    stretch = stretch
  )
}

everyone <- c("henderson", "lme4", "nlme", "glmmTMB")

small_cases <- function() {
  list(
    new_case("sleepstudy", "sleepstudy, (Days | Subject)",
      data = function() henderson::sleepstudy,
      formula = Reaction ~ Days + (Days | Subject), packages = everyone,
      nlme = list(fixed = Reaction ~ Days, random = ~ Days | Subject),
      short = TRUE, target = 15, stretch = 20
    ),
    new_case("sorghum", "omer.sorghum E3, 18 genotypes, (1 | rep)",
      data = function() droplevels(subset(henderson::omer.sorghum, env == "E3")),
      formula = yield ~ gen + (1 | rep), packages = everyone,
      nlme = list(fixed = yield ~ gen, random = ~ 1 | rep),
      short = TRUE
    ),
    new_case("penicillin", "Penicillin, crossed 24 x 6",
      data = function() lme4::Penicillin,
      formula = diameter ~ 1 + (1 | plate) + (1 | sample),
      packages = c("henderson", "lme4", "glmmTMB"), short = TRUE
    ),
    new_case("pastes", "Pastes, nested 30 in 10",
      data = function() lme4::Pastes,
      formula = strength ~ 1 + (1 | sample) + (1 | batch), packages = everyone,
      nlme = list(fixed = strength ~ 1, random = ~ 1 | batch / sample), short = TRUE
    )
  )
}

many_parameter_cases <- function() {
  factorial <- y ~ A + B + C + (1 + A + B + C | subject) + (1 + A + B + C | item)
  slopes <- y ~ x1 + x2 + x3 + x4 + x5 + x6 + (x1 + x2 + x3 + x4 + x5 + x6 | g)
  list(
    new_case("20theta", "20 parameters, 56 x 32 crossed",
      data = function() simulate_factorial(), formula = factorial,
      packages = c("henderson", "lme4", "glmmTMB"), short = TRUE, target = 100, stretch = 200
    ),
    new_case("20theta-singular", "the same, singular",
      data = function() simulate_factorial(singular = TRUE), formula = factorial,
      target = 70, stretch = 120
    ),
    new_case("28theta", "28 parameters, one term, 2e4 rows",
      data = function() simulate_many_slopes(), formula = slopes,
      target = 150, stretch = 400
    )
  )
}

large_cases <- function() {
  slopes <- list(fixed = y ~ x, random = ~ x | g)
  nested <- list(fixed = y ~ x, random = ~ 1 | school / class / student)
  list(
    new_case("slopes-1e5", "(x | g), 1e5 rows, 1e3 groups",
      data = function() simulate_slopes(1e5), formula = y ~ x + (x | g),
      packages = c("henderson", "lme4", "nlme"), nlme = slopes, short = TRUE
    ),
    new_case("slopes-1e6", "(x | g), 1e6 rows, 1e4 groups",
      data = function() simulate_slopes(1e6), formula = y ~ x + (x | g),
      memory = TRUE, target = 150, stretch = 250
    ),
    new_case("insteval", "InstEval, service * dept + (1 | s) + (1 | d), REML",
      data = function() lme4::InstEval, formula = y ~ service * dept + (1 | s) + (1 | d),
      memory = TRUE, target = 30, stretch = 60
    ),
    new_case("insteval-ml", "InstEval, service + (1 | s) + (1 | d) + (1 | dept:service), ML",
      data = function() lme4::InstEval,
      formula = y ~ service + (1 | s) + (1 | d) + (1 | dept:service), REML = FALSE,
      memory = TRUE, target = 25, stretch = 60
    ),
    new_case("nested-3e3", "nested 3e3/150/9 levels, 3e4 rows",
      data = function() simulate_nested(3e4, 3e3, 150, 9),
      formula = y ~ x + (1 | student) + (1 | class) + (1 | school),
      packages = c("henderson", "lme4", "nlme"), nlme = nested, short = TRUE
    ),
    new_case("nested-1e5", "nested 1e5/5e3/300 levels, 1e6 rows",
      data = function() simulate_nested(1e6, 1e5, 5e3, 300),
      formula = y ~ x + (1 | student) + (1 | class) + (1 | school),
      memory = TRUE, target = 200, stretch = 400
    ),
    new_case("movielens", "MovieLens-1M shape, crossed 6040 x 3706, 1e6 rows",
      data = function() simulate_ratings(), formula = y ~ 1 + (1 | user) + (1 | movie),
      packages = "henderson", memory = TRUE
    )
  )
}

all_cases <- function() {
  cases <- c(small_cases(), many_parameter_cases(), large_cases())
  stats::setNames(cases, vapply(cases, `[[`, "", "name"))
}
