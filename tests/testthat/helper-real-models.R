# Real models over public data sets: the fixed table that test-against-lme4.R holds to lme4.
#
# One row: name, formula, data (an expression, evaluated in the test), REML, weights and offset
# (expressions evaluated in the data, or NULL), tags. Tags: crossed, nested, singular,
# rank_deficient, weighted, offset, three_columns (a term of three or more columns). ML and
# missing values are read off the fit itself. Covariates with large means are centred in the data
# expression or the formula: lme4 does not centre, and at 1e-8 the comparison would measure lme4's
# rounding.

real_model <- function(name, formula, data, REML = TRUE, weights = NULL, offset = NULL, tags = "") {
  list(
    name = name, formula = formula, data = data, REML = REML, weights = weights, offset = offset,
    tags = strsplit(tags, " ", fixed = TRUE)[[1]]
  )
}

# nlme's data sets are groupedData objects; plain data frames do not need nlme's methods.
plain <- function(data) {
  data <- as.data.frame(data)
  class(data) <- "data.frame"
  data
}

real_models <- function() {
  c(
    real_models_lme4(), real_models_nlme(), real_models_mass(), real_models_base(),
    real_models_agridat_crossed(), real_models_agridat_nested(), real_models_agridat_other()
  )
}

real_models_lme4 <- function() {
  list(
    real_model(
      "sleepstudy slope", Reaction ~ Days + (Days | Subject),
      quote(lme4::sleepstudy)
    ),
    real_model(
      "sleepstudy uncorrelated", Reaction ~ Days + (Days || Subject),
      quote(lme4::sleepstudy), REML = FALSE
    ),
    real_model(
      "sleepstudy day factor", Reaction ~ factor(Days) + (1 | Subject),
      quote(lme4::sleepstudy)
    ),
    real_model(
      "sleepstudy quadratic", Reaction ~ poly(Days, 2) + (poly(Days, 2) | Subject),
      quote(lme4::sleepstudy), tags = "three_columns"
    ),
    real_model(
      "Dyestuff", Yield ~ 1 + (1 | Batch),
      quote(lme4::Dyestuff)
    ),
    real_model(
      "Dyestuff2", Yield ~ 1 + (1 | Batch),
      quote(lme4::Dyestuff2), tags = "singular"
    ),
    real_model(
      "Penicillin", diameter ~ 1 + (1 | plate) + (1 | sample),
      quote(lme4::Penicillin), REML = FALSE, tags = "crossed"
    ),
    real_model(
      "Pastes", strength ~ 1 + (1 | batch / cask),
      quote(lme4::Pastes), tags = "nested"
    ),
    real_model(
      "cake", angle ~ recipe * temperature + (1 | replicate / recipe),
      quote(lme4::cake), tags = "nested"
    ),
    real_model(
      "cake recipes within replicate", angle ~ recipe + temp + (0 + recipe | replicate),
      quote(lme4::cake), tags = "three_columns singular"
    ),
    real_model(
      "cbpp rates", incidence / size ~ period + (1 | herd),
      quote(lme4::cbpp), weights = quote(size), tags = "weighted"
    ),
    real_model(
      "grouseticks", log(TICKS + 1) ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | LOCATION),
      quote(transform(lme4::grouseticks, cHEIGHT = cHEIGHT / 100)), tags = "nested"
    ),
    real_model(
      "Arabidopsis", log(1 + total.fruits) ~ nutrient * amd + rack + status + (1 | popu / gen),
      quote(transform(lme4::Arabidopsis, nutrient = factor(nutrient), rack = factor(rack))),
      tags = "nested"
    ),
    real_model(
      "InstEval subset", y ~ service + studage + (1 | s) + (1 | d),
      quote(droplevels(subset(lme4::InstEval, as.integer(d) <= 60))), tags = "crossed"
    ),
    real_model(
      "VerbAgg subset", as.integer(resp) ~ Anger + Gender + btype + (1 | id) + (1 | item),
      quote(droplevels(subset(lme4::VerbAgg, as.integer(id) <= 50))),
      REML = FALSE, tags = "crossed"
    )
  )
}

real_models_nlme <- function() {
  list(
    real_model(
      "Orthodont", distance ~ Sex * age + (age | Subject),
      quote(transform(plain(nlme::Orthodont), age = age - 11))
    ),
    real_model(
      "Orthodont offset", distance ~ Sex + (1 | Subject),
      quote(plain(nlme::Orthodont)), REML = FALSE, offset = quote(0.66 * age), tags = "offset"
    ),
    real_model(
      "Machines", score ~ Machine + (0 + Machine | Worker),
      quote(plain(nlme::Machines)), tags = "three_columns"
    ),
    real_model(
      "Machines interaction", score ~ Machine + (1 | Worker / Machine),
      quote(plain(nlme::Machines)), REML = FALSE, tags = "nested"
    ),
    real_model(
      "ergoStool", effort ~ Type + (1 | Subject),
      quote(plain(nlme::ergoStool))
    ),
    real_model(
      "Rail", travel ~ 1 + (1 | Rail),
      quote(plain(nlme::Rail)), REML = FALSE
    ),
    real_model(
      "Oxboys", height ~ poly(age, 2) + (age + I(age^2) | Subject),
      quote(plain(nlme::Oxboys)), tags = "three_columns"
    ),
    real_model(
      "Oxide", Thickness ~ Source + (1 | Lot / Wafer),
      quote(plain(nlme::Oxide)), tags = "nested"
    ),
    real_model(
      "Wafer", log(current) ~ voltage + I(voltage^2) + (voltage | Wafer / Site),
      quote(transform(plain(nlme::Wafer), voltage = voltage - 1.6)), tags = "nested singular"
    ),
    real_model(
      "Alfalfa", Yield ~ Variety * Date + (1 | Block / Variety),
      quote(plain(nlme::Alfalfa)), tags = "nested"
    ),
    real_model(
      "Pixel", pixel ~ day + I(day^2) + (day | Dog) + (1 | Dog:Side),
      quote(transform(plain(nlme::Pixel), day = (day - 7) / 7)), tags = "nested"
    ),
    real_model(
      "RatPupWeight", weight ~ Treatment * sex + Lsize + (1 | Litter),
      quote(plain(nlme::RatPupWeight))
    ),
    real_model(
      "RatPupWeight dropped", weight ~ Treatment + factor(Lsize) + Lsize + sex + (1 | Litter),
      quote(plain(nlme::RatPupWeight)), REML = FALSE, tags = "rank_deficient"
    ),
    real_model(
      "BodyWeight", weight ~ Diet * Time + (Time | Rat),
      quote(transform(plain(nlme::BodyWeight), Time = Time / 7 - 5))
    ),
    real_model(
      "Ovary",
      follicles ~ sin(2 * pi * Time) + cos(2 * pi * Time) + (sin(2 * pi * Time) + cos(2 *
        pi * Time) | Mare),
      quote(plain(nlme::Ovary)), tags = "three_columns"
    ),
    real_model(
      "Milk", protein ~ Diet * Time + (Time | Cow),
      quote(transform(plain(nlme::Milk), Time = Time - 10)), REML = FALSE
    ),
    real_model(
      "Earthquake", log(accel) ~ log(distance) + Richter + soil + (1 | Quake),
      quote(transform(plain(nlme::Earthquake), Richter = Richter - 6))
    ),
    real_model(
      "Gun", rounds ~ Method * Physique + (1 | Team),
      quote(transform(plain(nlme::Gun), Physique = factor(Physique, ordered = FALSE)))
    ),
    real_model(
      "Gasoline", yield ~ endpoint + (endpoint | Sample),
      quote(transform(plain(nlme::Gasoline), endpoint = (endpoint - 330) / 100)),
      REML = FALSE, tags = "singular"
    ),
    real_model(
      "Dialyzer", rate ~ QB * poly(pressure, 3) + (pressure | Subject),
      quote(transform(plain(nlme::Dialyzer), pressure = pressure - 1.5))
    ),
    real_model(
      "Glucose", conc ~ Meal + (1 | Subject),
      quote(plain(nlme::Glucose)), tags = "singular"
    ),
    real_model(
      "Glucose2", glucose ~ poly(Time, 3) + (1 | Subject / Date),
      quote(plain(nlme::Glucose2)), tags = "nested"
    ),
    real_model(
      "Soybean", log(weight) ~ Variety * Year + Time + I(Time^2) + (Time | Plot),
      quote(transform(plain(nlme::Soybean), Time = (Time - 50) / 20))
    ),
    real_model(
      "IGF", conc ~ age + (age || Lot),
      quote(transform(plain(nlme::IGF), age = age / 10)), tags = "singular"
    ),
    real_model(
      "bdf", langPOST ~ IQ.ver.cen + avg.IQ.ver.cen + sex + (IQ.ver.cen | schoolNR),
      quote(plain(nlme::bdf)), REML = FALSE
    ),
    real_model(
      "Quinidine", conc ~ log(time + 1) + Heart + Creatinine + (1 | Subject),
      quote(plain(nlme::Quinidine))
    ),
    real_model(
      "Assay", logDens ~ sample * dilut + (1 | Block) + (1 | Block:sample) + (1 | Block:dilut),
      quote(plain(nlme::Assay)), tags = "crossed"
    ),
    real_model(
      "Meat", score ~ Storage + (1 | Block / Pair),
      quote(plain(nlme::Meat)), tags = "nested"
    ),
    real_model(
      "Nitrendipene", activity ~ log.NIF + (log.NIF || Tissue),
      quote(transform(plain(nlme::Nitrendipene), log.NIF = log.NIF + 19))
    )
  )
}

real_models_mass <- function() {
  list(
    real_model(
      "oats split plot", Y ~ V * N + (1 | B / V),
      quote(MASS::oats), tags = "nested"
    ),
    real_model(
      "oats linear trend", Y ~ V + dose + (dose | B),
      quote(transform(MASS::oats, dose = as.integer(N) - 2.5)), REML = FALSE, tags = "singular"
    ),
    real_model(
      "genotype foster", Wt ~ Litter + (1 | Mother) + (1 | Litter:Mother),
      quote(MASS::genotype), tags = "crossed"
    ),
    real_model(
      "coop", Conc ~ Spc + (1 | Lab / Bat),
      quote(MASS::coop), tags = "nested"
    ),
    real_model(
      "coop specimens", log(Conc) ~ Spc + (0 + Spc | Lab),
      quote(droplevels(subset(MASS::coop, Spc %in% c("S1", "S3", "S5", "S6")))),
      tags = "three_columns"
    ),
    real_model(
      "michelson", Speed ~ 1 + (1 | Expt) + (1 | Run),
      quote(MASS::michelson), tags = "crossed"
    ),
    real_model(
      "petrol", Y ~ SG + VP + EP + (1 | No),
      quote(transform(MASS::petrol, SG = SG - 40, VP = VP - 4, EP = (EP - 330) / 100))
    ),
    real_model(
      "Sitka", size ~ treat * Time + (Time | tree),
      quote(transform(MASS::Sitka, Time = (Time - 200) / 50))
    ),
    real_model(
      "Sitka89 quadratic", size ~ treat + poly(Time, 2) + (poly(Time, 2) | tree),
      quote(MASS::Sitka89), REML = FALSE, tags = "three_columns singular"
    ),
    real_model(
      "nlschools", lang ~ IQ + SES + COMB + GS + (1 | class),
      quote(transform(MASS::nlschools, IQ = IQ - 12, SES = SES / 10 - 3, GS = GS - 25))
    ),
    real_model(
      "epil offset", log(y + 1) ~ trt + age + V4 + offset(lbase) + (1 | subject),
      quote(transform(MASS::epil, age = age / 10 - 3)), tags = "offset"
    ),
    real_model(
      "Rabbit", BPchange ~ Treatment * log(Dose) + (1 | Animal / Run),
      quote(MASS::Rabbit), tags = "nested singular"
    ),
    real_model(
      "snails", Deaths / N ~ Exposure + Rel.Hum + Temp + (1 | Species:Exposure),
      quote(transform(MASS::snails, Rel.Hum = Rel.Hum - 68, Temp = Temp - 15)),
      weights = quote(N), tags = "weighted"
    ),
    real_model(
      "Insurance", Claims / Holders ~ Age + (1 | District) + (1 | Group),
      quote(transform(MASS::Insurance, Age = factor(Age, ordered = FALSE))),
      weights = quote(Holders), tags = "weighted crossed"
    ),
    real_model(
      "OME", Correct / Trials ~ Noise + Loud + (1 | ID),
      quote(transform(MASS::OME, Loud = (Loud - 45) / 10)),
      REML = FALSE, weights = quote(Trials), tags = "weighted"
    )
  )
}

real_models_base <- function() {
  list(
    real_model(
      "ChickWeight", weight ~ Diet * Time + (Time | Chick),
      quote(transform(plain(datasets::ChickWeight), Time = Time / 7))
    ),
    real_model(
      "ChickWeight two terms",
      sqrt(weight) ~ poly(Time, 2) + (1 | Chick) + (0 + poly(Time, 2) | Chick),
      quote(plain(datasets::ChickWeight))
    ),
    real_model(
      "Orange", circumference ~ age + (age | Tree),
      quote(transform(plain(datasets::Orange), age = age / 1000)), tags = "singular"
    ),
    real_model(
      "CO2", uptake ~ Type * Treatment + poly(log(conc), 2) + (log(conc) - 1 | Plant),
      quote(plain(datasets::CO2))
    ),
    real_model(
      "Loblolly", height ~ poly(age, 3) + (1 | Seed),
      quote(plain(datasets::Loblolly)), REML = FALSE
    ),
    real_model(
      "npk", yield ~ N * P * K + (1 | block),
      quote(datasets::npk)
    ),
    real_model(
      "npk block twice", yield ~ block + N * P * K + (1 | N:block),
      quote(datasets::npk), tags = "rank_deficient"
    ),
    real_model(
      "warpbreaks", log(breaks) ~ wool + (1 | tension),
      quote(datasets::warpbreaks), REML = FALSE
    ),
    real_model(
      "OrchardSprays", sqrt(decrease) ~ treatment + (1 | rowpos) + (1 | colpos),
      quote(datasets::OrchardSprays), tags = "crossed singular"
    ),
    real_model(
      "Theoph", conc ~ poly(Time, 3) + Dose + (1 | Subject),
      quote(plain(datasets::Theoph))
    ),
    real_model(
      "sleep", extra ~ group + (1 | ID),
      quote(datasets::sleep)
    ),
    real_model(
      "attenu", log(accel) ~ log(dist) + mag + (1 | event) + (1 | station),
      quote(transform(datasets::attenu, mag = mag - 6)), tags = "crossed"
    ),
    real_model(
      "DNase", density ~ poly(log(conc), 3) + (log(conc) | Run),
      quote(plain(datasets::DNase))
    ),
    real_model(
      "Indometh", log(conc) ~ time + I(time^2) + (time | Subject),
      quote(plain(datasets::Indometh)), REML = FALSE
    ),
    real_model(
      "lattice barley", yield ~ year + (year | site) + (1 | variety),
      quote(lattice::barley), tags = "crossed"
    ),
    real_model(
      "USMortality", Rate ~ Status + Sex + (1 | Cause),
      quote(subset(lattice::USMortality, SE > 0)), weights = quote(1 / SE^2), tags = "weighted"
    ),
    real_model(
      "USRegionalMortality", log(Rate) ~ Status * Sex + (Sex | Cause) + (1 | Region),
      quote(lattice::USRegionalMortality),
      weights = quote((Rate / SE)^2), tags = "weighted crossed"
    )
  )
}

# One call for either package: weights and offset stay expressions, evaluated in the data as `lm`
# does.
real_model_call <- function(model, fitter, ...) {
  call <- list(fitter, model$formula, data = quote(model_data), REML = model$REML, ...)
  call$weights <- model$weights
  call$offset <- model$offset
  as.call(call)
}

fit_real_model <- function(model, fitter, ...) {
  environment <- new.env(parent = globalenv())
  environment$model_data <- eval(model$data)
  environment(model$formula) <- environment
  eval(real_model_call(model, fitter, ...), environment)
}

fit_real_model_lme4 <- function(model) {
  # Derivatives at the optimum only feed lme4's warnings; the checks are about designs we fit as
  # well.
  control <- lme4::lmerControl(calc.derivs = FALSE)
  suppressMessages(suppressWarnings(fit_real_model(model, lme4::lmer, control = control)))
}
