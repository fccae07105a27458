# Field trials and breeding experiments of agridat, a part of the table of real models
# (helper-real-models.R).

real_models_agridat_crossed <- function() {
  list(
    real_model(
      "corsten.interaction", yield ~ 1 + (1 | gen) + (1 | loc),
      quote(agridat::corsten.interaction), tags = "crossed"
    ),
    real_model(
      "digby.jointregression", yield ~ 1 + (1 | gen) + (1 | env),
      quote(agridat::digby.jointregression), REML = FALSE, tags = "crossed"
    ),
    real_model(
      "fan.stability", yield ~ factor(year) + maturity + (1 | gen) + (1 | loc) + (1 | gen:loc),
      quote(transform(agridat::fan.stability, maturity = maturity - mean(maturity))),
      tags = "crossed singular"
    ),
    real_model(
      "grover.diallel", yield ~ rep + (1 | parent1) + (1 | parent2) + (1 | cross),
      quote(agridat::grover.diallel), tags = "crossed singular"
    ),
    real_model(
      "hayman.tobacco", day ~ factor(year) + (1 | male) + (1 | female) + (1 | male:female),
      quote(agridat::hayman.tobacco), tags = "crossed"
    ),
    real_model(
      "butron.maize", yield ~ env + (1 | male) + (1 | female),
      quote(agridat::butron.maize), tags = "crossed"
    ),
    real_model(
      "weiss.incblock", yield ~ 1 + (1 | block) + (1 | gen),
      quote(agridat::weiss.incblock), tags = "crossed"
    ),
    real_model(
      "gilmour.slatehall", yield ~ gen + (1 | rep) + (1 | rep:row) + (1 | rep:col),
      quote(agridat::gilmour.slatehall), tags = "crossed nested"
    ),
    real_model(
      "lyons.wheat", yield ~ 1 + (1 | loc) + (1 | year),
      quote(agridat::lyons.wheat), tags = "crossed singular"
    ),
    real_model(
      "crossa.wheat", yield ~ locgroup + gengroup + (0 + locgroup | gen) + (1 | loc),
      quote(agridat::crossa.wheat), tags = "crossed singular"
    ),
    real_model(
      "besag.bayesian", yield ~ 1 + (1 | gen) + (1 | col) + (1 | row),
      quote(agridat::besag.bayesian), tags = "crossed"
    ),
    real_model(
      "theobald.covariate", yield ~ chu + (chu | gen) + (1 | env),
      quote(transform(agridat::theobald.covariate, chu = (chu - 2.6) * 2)),
      tags = "crossed singular"
    ),
    real_model(
      "lucas.switchback", yield ~ trt + (1 | cow) + (1 | block:period),
      quote(agridat::lucas.switchback), tags = "crossed"
    )
  )
}

real_models_agridat_nested <- function() {
  list(
    real_model(
      "durban.splitplot", yield ~ gen * fung + (1 | block / fung),
      quote(agridat::durban.splitplot), tags = "nested"
    ),
    real_model(
      "gomez.splitsplit", yield ~ factor(nitro) * management * gen + (1 | rep / nitro / management),
      quote(agridat::gomez.splitsplit), tags = "nested singular"
    ),
    real_model(
      "john.alpha", yield ~ gen + (1 | rep / block),
      quote(agridat::john.alpha), tags = "nested"
    ),
    real_model(
      "jayaraman.bamboo", height ~ family + (1 | loc / block),
      quote(agridat::jayaraman.bamboo), tags = "nested"
    ),
    real_model(
      "besag.met", yield ~ county + (1 | gen) + (1 | county:rep) + (1 | county:rep:block),
      quote(agridat::besag.met), tags = "nested crossed"
    ),
    real_model(
      "grover.rcb.subsample", tiller ~ trt + (1 | block / trt),
      quote(agridat::grover.rcb.subsample), tags = "nested"
    ),
    real_model(
      "omer.sorghum", yield ~ env + (1 | env:rep) + (env | gen),
      quote(droplevels(subset(agridat::omer.sorghum, env %in% c("E1", "E2", "E3")))),
      tags = "nested crossed three_columns singular"
    ),
    real_model(
      "cox.stripsplit", yield ~ soil * fert * calcium + (1 | rep / fert / soil),
      quote(agridat::cox.stripsplit), tags = "nested"
    ),
    real_model(
      "gomez.multilocsplitplot",
      yield ~ loc + nitro * gen + (1 | loc:rep) + (1 | loc:rep:nitro),
      quote(transform(agridat::gomez.multilocsplitplot, nitro = factor(nitro))),
      tags = "nested singular"
    ),
    real_model(
      "keen.potatodamage", sqrt(count) ~ energy + damage * gen + (1 | rod) + (1 | gen:rod),
      quote(agridat::keen.potatodamage), tags = "nested singular"
    )
  )
}

real_models_agridat_other <- function() {
  list(
    real_model(
      "diggle.cow", weight ~ iron * infect + day + I(day^2) + (day | animal),
      quote(transform(agridat::diggle.cow, day = (day - 400) / 200))
    ),
    real_model(
      "archbold.apple", yield ~ factor(spacing) * stock + gen + (1 | rep / row),
      quote(agridat::archbold.apple), tags = "nested"
    ),
    real_model(
      "denis.missing", yield ~ gen + (1 | env),
      quote(agridat::denis.missing), REML = FALSE
    ),
    real_model(
      "yates.missing", y ~ n * p * k + (1 | block),
      quote(agridat::yates.missing), REML = FALSE
    ),
    real_model(
      "harvey.lsmeans", adg ~ line + damage + weight + weanage + (1 | line:sire),
      quote(transform(
        agridat::harvey.lsmeans, weight = (weight - 400) / 100, weanage = (weanage - 190) / 10
      ))
    ),
    real_model(
      "harville.lamb", weight ~ factor(line) + factor(damage) + (1 | sire),
      quote(agridat::harville.lamb)
    ),
    real_model(
      "australia.soybean", yield ~ loc * factor(year) + env + (1 | gen),
      quote(agridat::australia.soybean), tags = "rank_deficient"
    ),
    real_model(
      "shafii.rapeseed", yield ~ factor(year) * loc + (1 | loc:year:rep) + (1 | gen),
      quote(agridat::shafii.rapeseed), tags = "rank_deficient crossed singular"
    ),
    real_model(
      "ilri.sheep", weanwt ~ gen + ewegen * ramgen + sex + weanage + (1 | ewe) + (1 | ram),
      quote(transform(agridat::ilri.sheep, weanage = (weanage - 90) / 10)),
      tags = "rank_deficient crossed"
    ),
    real_model(
      "gomez.groupsplit", yield ~ fert + group + gen + (1 | rep / fert),
      quote(agridat::gomez.groupsplit), tags = "rank_deficient nested"
    ),
    real_model(
      "mead.germination", germ / seeds ~ temp * log(conc + 1) + (1 | temp:rep),
      quote(agridat::mead.germination), weights = quote(seeds), tags = "weighted singular"
    ),
    real_model(
      "gotway.hessianfly", y / n ~ gen + (1 | block),
      quote(agridat::gotway.hessianfly),
      REML = FALSE, weights = quote(n), tags = "weighted singular"
    ),
    real_model(
      "wheatley.carrot", damaged / total ~ insecticide * depth + (1 | rep),
      quote(agridat::wheatley.carrot), weights = quote(total), tags = "weighted singular"
    ),
    real_model(
      "hughes.grapes", diseased / total ~ trt + (1 | block / trt) + (1 | block:trt:vine),
      quote(agridat::hughes.grapes), weights = quote(total), tags = "weighted nested singular"
    ),
    real_model(
      "urquhart.feedlot", weight2 ~ diet + (1 | herd),
      quote(agridat::urquhart.feedlot), offset = quote(weight1), tags = "offset"
    ),
    real_model(
      "jansen.carrot", y / n ~ trt + (trt | gen) + (1 | block),
      quote(agridat::jansen.carrot), weights = quote(n), tags = "weighted crossed singular"
    ),
    real_model(
      "broadbalk.wheat", grain ~ plot + (1 | year),
      quote(subset(agridat::broadbalk.wheat, plot %in% c("P03", "P05", "P09", "P10", "P15"))),
      REML = FALSE
    ),
    real_model(
      "byers.apple", diameter ~ time + (time | appleid) + (1 | tree),
      quote(transform(agridat::byers.apple, time = time - 3)), tags = "nested"
    ),
    real_model(
      "kenward.cattle", weight ~ trt * day + (day | animal),
      quote(transform(agridat::kenward.cattle, day = (day - 65) / 30))
    ),
    real_model(
      "kang.peanut", yield ~ 1 + (1 | gen) + (1 | env) + (1 | gen:env) + (1 | env:rep),
      quote(agridat::kang.peanut), tags = "crossed nested"
    ),
    real_model(
      "lavoranti.eucalyptus", height ~ origin + (origin | loc) + (1 | gen),
      quote(agridat::lavoranti.eucalyptus), tags = "crossed three_columns singular"
    ),
    real_model(
      "vargas.wheat1", yield ~ gen + (1 | year / rep),
      quote(agridat::vargas.wheat1.traits), REML = FALSE, tags = "nested"
    ),
    real_model(
      "steptoe.morex", protein ~ 1 + (1 | gen) + (1 | env),
      quote(agridat::steptoe.morex.pheno), tags = "crossed"
    )
  )
}
