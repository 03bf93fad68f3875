
#include <eml_net.h>
static const float mynet_layer_0_biases[16] = { 0.012170f, -0.387647f, 0.202706f, -0.460679f, 0.084077f, -0.449510f, 0.094189f, 0.334145f, -0.163467f, 0.316963f, 0.085202f, -0.047921f, -0.258397f, 0.302678f, 0.082079f, 0.383455f };
static const float mynet_layer_0_weights[96] = { 0.434582f, 0.444517f, -0.113596f, 0.196467f, -0.061257f, -0.076331f, -0.122000f, 0.328313f, 0.900610f, 0.307835f, 0.689165f, -0.170575f, 0.110922f, 0.386059f, -0.034986f, -0.077461f, -0.654476f, 0.448546f, 0.240179f, 0.494812f, 0.429646f, 0.121442f, -0.070044f, 0.156943f, -0.769004f, 0.118850f, -0.638717f, 0.332113f, 0.089247f, -0.269986f, -0.151314f, 0.276045f, -0.166243f, 0.060969f, -0.321250f, 0.066255f, 0.132482f, 0.290606f, 0.813185f, 0.245553f, -0.210368f, 0.038141f, 0.156736f, -0.366821f, 0.106236f, 0.306125f, -0.664970f, -0.791704f, -0.063880f, -0.106357f, 0.070203f, -0.077860f, 0.538056f, -0.299652f, -0.097309f, -0.399800f, -0.019199f, -0.150982f, 0.003286f, -0.208204f, -0.397566f, -0.145372f, 0.053522f, -0.097542f, -0.387345f, -0.056656f, 0.164157f, -0.349648f, 0.241432f, -0.486441f, 0.256527f, -0.125235f, 0.221393f, 0.251260f, 0.103328f, -0.584027f, -0.157872f, -0.525837f, -0.062432f, -0.211162f, -0.040145f, -0.042067f, -0.475372f, 0.269838f, 0.164013f, 0.052185f, -0.040344f, -0.553174f, 0.090482f, 0.102866f, -0.061183f, -0.008056f, -0.440756f, 0.368291f, -0.099980f, -0.135173f };
static const float mynet_layer_1_biases[1] = { 0.065508f };
static const float mynet_layer_1_weights[16] = { 0.373419f, -0.147941f, 0.254595f, -0.032865f, 0.328820f, 0.225486f, 0.469711f, 0.051677f, 0.468621f, -0.140396f, 0.670732f, 0.269984f, -0.001480f, 0.117145f, -0.579311f, -0.312426f };
static float mynet_buf1[16];
static float mynet_buf2[16];
static const EmlNetLayer mynet_layers[2] = { 
{ 16, 6, mynet_layer_0_weights, mynet_layer_0_biases, EmlNetActivationTanh }, 
{ 1, 16, mynet_layer_1_weights, mynet_layer_1_biases, EmlNetActivationIdentity } };
static EmlNet mynet = { 2, mynet_layers, mynet_buf1, mynet_buf2, 16 };

    int32_t
    mynet_predict(const float *features, int32_t n_features)
    {
        return eml_net_predict(&mynet, features, n_features);
    }
    

    int32_t
    mynet_regress(const float *features, int32_t n_features, float *out, int32_t out_length)
    {
        return eml_net_regress(&mynet, features, n_features, out, out_length);
    }
    

    float
    mynet_regress1(const float *features, int32_t n_features)
    {
        return eml_net_regress1(&mynet, features, n_features);
    }
    