/// Where DataWorks is asked in a region, as its SDK has it.
/// https://pypi.org/project/alibabacloud-dataworks-public20240518/
enum DataWorksRegion {
  static func host(of region: String) -> String {
    if own.contains(region) { return "dataworks.\(region).aliyuncs.com" }
    if shared.contains(region) { return "dataworks.aliyuncs.com" }
    return "dataworks-public.\(region).aliyuncs.com"
  }

  private static let own: Set<String> = [
    "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-3", "ap-southeast-5",
    "cn-beijing", "cn-beijing-finance-1", "cn-chengdu", "cn-hangzhou", "cn-hongkong",
    "cn-north-2-gov-1", "cn-shanghai", "cn-shanghai-finance-1", "cn-shenzhen",
    "cn-shenzhen-finance-1", "cn-wulanchabu", "cn-zhangjiakou", "eu-central-1", "eu-west-1",
    "me-central-1", "me-east-1", "us-east-1", "us-west-1",
  ]

  private static let shared: Set<String> = [
    "ap-south-1", "ap-southeast-2", "cn-beijing-gov-1", "cn-fujian", "cn-hangzhou-finance",
    "cn-huhehaote", "cn-qingdao", "cn-wuhan", "cn-zhangbei",
  ]
}
