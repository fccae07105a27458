# Prepares data/*.rda: exact copies of the objects in lme4 and agridat, so that examples written
# for those packages run here unchanged. tests/testthat/test-base-datasets.R compares them again.
#
# Run from the package's top folder: Rscript data-raw/datasets.R
# Last run with lme4 1.1-31 (Debian 12) and agridat 1.26 (CRAN).

sleepstudy <- lme4::sleepstudy
omer.sorghum <- agridat::omer.sorghum
durban.splitplot <- agridat::durban.splitplot

for (name in c("sleepstudy", "omer.sorghum", "durban.splitplot")) {
  save(list = name, file = file.path("data", paste0(name, ".rda")))
}
tools::resaveRdaFiles("data", compress = "auto", version = 3)
print(tools::checkRdaFiles("data"))
